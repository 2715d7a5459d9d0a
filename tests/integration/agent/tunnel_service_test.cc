#include <arpa/inet.h>
#include <netinet/in.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <thread>
#include <utility>

#include "gmock/gmock.h"

#include "tests/integration/agent/agent_fixture.h"

namespace orch::agent {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Pair;

// A TCP server on the loopback that serves one connection.
class LocalServer {
 public:
  LocalServer(int family, std::function<void(int)> serve)
      : listener_(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in6 v6 = {};
    v6.sin6_family = AF_INET6;
    v6.sin6_addr = in6addr_loopback;
    sockaddr_in v4 = {};
    v4.sin_family = AF_INET;
    v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool is_v4 = family == AF_INET;
    sockaddr* address = is_v4 ? reinterpret_cast<sockaddr*>(&v4) : reinterpret_cast<sockaddr*>(&v6);
    socklen_t size = is_v4 ? sizeof v4 : sizeof v6;
    ready_ = ::bind(listener_.get(), address, size) == 0 && ::listen(listener_.get(), 8) == 0 &&
             ::getsockname(listener_.get(), address, &size) == 0;
    port_ = ntohs(is_v4 ? v4.sin_port : v6.sin6_port);
    if (!ready_) return;
    thread_ = std::thread([this, serve = std::move(serve)] {
      const UniqueFd connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (connection.valid()) serve(connection.get());
    });
  }
  ~LocalServer() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
  }

  bool ready() const { return ready_; }
  uint32_t port() const { return port_; }

 private:
  UniqueFd listener_;
  bool ready_ = false;
  uint16_t port_ = 0;
  std::thread thread_;
};

// Sends back what it gets until the end, then "bye".
void Echo(int connection) {
  char buffer[65536];
  for (ssize_t n; (n = ::read(connection, buffer, sizeof buffer)) > 0;) {
    for (ssize_t sent = 0; sent < n;) {
      const ssize_t m =
          ::send(connection, buffer + sent, static_cast<size_t>(n - sent), MSG_NOSIGNAL);
      if (m <= 0) return;
      sent += m;
    }
  }
  ::send(connection, "bye", 3, MSG_NOSIGNAL);
}

class TunnelServiceTest : public AgentFixture {
 protected:
  grpc::Status ConnectError(uint32_t port, const std::string& data = "") {
    grpc::ClientContext context;
    auto stream = tunnel_->Connect(&context);
    guest::v1::ConnectRequest request;
    request.set_port(port);
    request.set_data(data);
    stream->Write(request);
    guest::v1::ConnectResponse response;
    EXPECT_FALSE(stream->Read(&response));
    const grpc::Status status = stream->Finish();
    // It is not taken for a broken connection.
    EXPECT_THAT(context.GetServerTrailingMetadata(), Contains(Pair("answered-by", "agent")));
    return status;
  }

  void ExpectEcho(int family) {
    LocalServer server(family, Echo);
    ASSERT_TRUE(server.ready()) << "no loopback of this family";
    grpc::ClientContext context;
    auto stream = tunnel_->Connect(&context);
    guest::v1::ConnectRequest request;
    request.set_port(server.port());
    request.set_data("hello");
    ASSERT_TRUE(stream->Write(request));
    guest::v1::ConnectResponse response;
    ASSERT_TRUE(stream->Read(&response));
    EXPECT_EQ(response.data(), "") << "the first message says that the connection is open";
    ASSERT_TRUE(stream->Read(&response));
    EXPECT_EQ(response.data(), "hello");
    stream->WritesDone();
    ASSERT_TRUE(stream->Read(&response));
    EXPECT_EQ(response.data(), "bye");
    EXPECT_FALSE(stream->Read(&response));
    EXPECT_TRUE(stream->Finish().ok());
  }
};

TEST_F(TunnelServiceTest, CarriesBytesAndHalfCloseOverIpv4) { ExpectEcho(AF_INET); }

TEST_F(TunnelServiceTest, FallsBackToIpv6) { ExpectEcho(AF_INET6); }

TEST_F(TunnelServiceTest, CarriesMuchBothWays) {
  LocalServer server(AF_INET, Echo);
  constexpr size_t kMessages = 1000;
  const std::string block(65536, 'x');
  grpc::ClientContext context;
  auto stream = tunnel_->Connect(&context);
  std::thread writer([&] {
    guest::v1::ConnectRequest request;
    request.set_port(server.port());
    for (size_t i = 0; i < kMessages; ++i) {
      request.set_data(block);
      if (!stream->Write(request)) break;
    }
    stream->WritesDone();
  });
  size_t bytes = 0;
  guest::v1::ConnectResponse response;
  while (stream->Read(&response)) {
    EXPECT_LE(response.data().size(), 65536u);
    bytes += response.data().size();
  }
  writer.join();
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(bytes, kMessages * block.size() + 3);
}

TEST_F(TunnelServiceTest, IsUnavailableWhereNothingListens) {
  uint32_t port = 0;
  {
    LocalServer server(AF_INET, [](int) {});
    port = server.port();
  }
  const grpc::Status status = ConnectError(port);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(status.error_message(), HasSubstr(absl::StrCat("port ", port)));
}

TEST_F(TunnelServiceTest, RefusesPortsAndMessagesOutOfRange) {
  EXPECT_EQ(ConnectError(0).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(ConnectError(65536).error_message(), HasSubstr("1..65535"));
  EXPECT_THAT(ConnectError(1, std::string(65537, 'x')).error_message(), HasSubstr("at most 65536"));
}

TEST_F(TunnelServiceTest, BoundsTheirNumber) {
  StartAgent({.max_tunnels = 1});
  LocalServer server(AF_INET, Echo);
  {
    grpc::ClientContext context;
    auto stream = tunnel_->Connect(&context);
    guest::v1::ConnectRequest request;
    request.set_port(server.port());
    ASSERT_TRUE(stream->Write(request));
    guest::v1::ConnectResponse response;
    ASSERT_TRUE(stream->Read(&response));
    EXPECT_EQ(ConnectError(server.port()).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
    context.TryCancel();
    EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
  // The cancelled one makes room as soon as the agent hears of it.
  while (ConnectError(0xffff).error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED) {
  }
}

}  // namespace
}  // namespace orch::agent
