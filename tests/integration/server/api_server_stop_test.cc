#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <string>
#include <thread>

#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"

#include "orchestrator/base/unique_fd.h"
#include "tests/integration/server/fake_daemon.h"

namespace orch::testing {
namespace {

// A client that has said hello and says nothing more, and does not even answer pings.
UniqueFd SilentClient(const std::string& socket_path) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, socket_path.c_str(), sizeof address.sun_path - 1);
  EXPECT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  // HTTP/2's preface with empty settings.
  std::string hello = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  hello += std::string("\0\0\0\4\0\0\0\0\0", 9);
  EXPECT_EQ(::send(fd.get(), hello.data(), hello.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(hello.size()));
  // The server's: it knows this connection by now.
  char first = 0;
  EXPECT_EQ(::recv(fd.get(), &first, 1, 0), 1);
  return fd;
}

class ApiServerStopTest : public ::testing::Test {
 protected:
  ~ApiServerStopTest() override {
    if (stopping_.joinable()) stopping_.join();
  }

  void BeginStopping(absl::Duration grace) {
    stopping_ = std::thread([this, grace] {
      daemon_.server().Shutdown(absl::Now() + grace);
      stopped_.Notify();
    });
  }
  // Whether it stops, in far less than the grace; and than the 20 s for which gRPC 1.51 waits for a
  // client to answer its ping.
  bool AwaitStopped() { return stopped_.WaitForNotificationWithTimeout(absl::Seconds(15)); }

  FakeDaemon daemon_;
  absl::Notification stopped_;
  std::thread stopping_;
};

TEST_F(ApiServerStopTest, DoesNotWaitForAClientBetweenCalls) {
  UniqueFd client = SilentClient(daemon_.SocketPath());
  BeginStopping(absl::Minutes(2));
  EXPECT_TRUE(AwaitStopped());
  // The connection was closed: what is left to read comes to an end.
  char buffer[256];
  ssize_t n = 1;
  while (n > 0) n = ::recv(client.get(), buffer, sizeof buffer, 0);
  EXPECT_LE(n, 0);
}

TEST_F(ApiServerStopTest, DoesNotWaitForAWatch) {
  const auto channel =
      grpc::CreateChannel("unix:" + daemon_.SocketPath(), grpc::InsecureChannelCredentials());
  const auto stub = orchestrator::v1::BrowserService::NewStub(channel);
  grpc::ClientContext context;
  const auto watch = stub->WatchBrowsers(&context, {});
  orchestrator::v1::Browser browser;
  ASSERT_TRUE(daemon_.Create(browser).ok());
  orchestrator::v1::WatchBrowsersResponse response;
  ASSERT_TRUE(watch->Read(&response));
  BeginStopping(absl::Minutes(2));
  EXPECT_TRUE(AwaitStopped());
  while (watch->Read(&response)) continue;
  EXPECT_EQ(watch->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(ApiServerStopTest, LetsACallUnderWayFinishAndTakesNoOther) {
  daemon_.transport().SetListening(false);
  grpc::Status created = grpc::Status::CANCELLED;
  std::thread creating([&] {
    orchestrator::v1::Browser browser;
    created = daemon_.Create(browser);
  });
  while (daemon_.LiveBrowsers().empty()) std::this_thread::yield();
  BeginStopping(absl::Minutes(2));
  const auto other =
      grpc::CreateChannel("unix:" + daemon_.SocketPath(), grpc::InsecureChannelCredentials());
  const auto stub = orchestrator::v1::BrowserService::NewStub(other);
  grpc::Status refused;
  while (refused.ok()) {
    grpc::ClientContext context;
    orchestrator::v1::ListBrowsersResponse response;
    refused = stub->ListBrowsers(&context, {}, &response);
  }
  EXPECT_FALSE(stopped_.HasBeenNotified());
  daemon_.transport().SetListening(true);
  creating.join();
  EXPECT_TRUE(created.ok()) << created.error_message();
  EXPECT_TRUE(AwaitStopped());
}

TEST_F(ApiServerStopTest, CancelsACallThatOutlastsTheGrace) {
  daemon_.transport().SetListening(false);
  grpc::Status created;
  std::thread creating([&] {
    orchestrator::v1::Browser browser;
    created = daemon_.Create(browser);
  });
  while (daemon_.LiveBrowsers().empty()) std::this_thread::yield();
  BeginStopping(absl::Milliseconds(50));
  EXPECT_TRUE(AwaitStopped());
  creating.join();
  EXPECT_FALSE(created.ok());
}

}  // namespace
}  // namespace orch::testing
