#include "tests/bench/byte_pipe.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "absl/strings/numbers.h"
#include "grpcpp/grpcpp.h"

#include "guest/v1/tunnel.grpc.pb.h"
#include "orchestrator/base/errno_status.h"
#include "orchestrator/base/grpc_status.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/base/unique_fd.h"

namespace orch::bench {
namespace {

class Socket : public BytePipe {
 public:
  explicit Socket(UniqueFd fd) : fd_(std::move(fd)) {}

  absl::Status Write(const std::string& bytes) override {
    for (size_t sent = 0; sent < bytes.size();) {
      const ssize_t n = ::send(fd_.get(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (n <= 0) return ErrnoStatus(errno, "send");
      sent += static_cast<size_t>(n);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> Read() override {
    char buffer[16 << 10];
    const ssize_t n = ::recv(fd_.get(), buffer, sizeof buffer, 0);
    if (n <= 0) return absl::UnavailableError("the connection has ended");
    return std::string(buffer, static_cast<size_t>(n));
  }

 private:
  const UniqueFd fd_;
};

class Tunnel : public BytePipe {
 public:
  explicit Tunnel(const std::shared_ptr<grpc::Channel>& channel)
      : stub_(guest::v1::TunnelService::NewStub(channel)), stream_(stub_->Connect(&context_)) {}
  ~Tunnel() override {
    context_.TryCancel();
    stream_->Finish();
  }

  absl::Status Open(const std::string& session_id, uint16_t port) {
    guest::v1::ConnectRequest request;
    request.set_session_id(session_id);
    request.set_port(port);
    guest::v1::ConnectResponse response;
    if (stream_->Write(request) && stream_->Read(&response)) return absl::OkStatus();
    return absl::UnavailableError("the tunnel does not open");
  }

  absl::Status Write(const std::string& bytes) override {
    guest::v1::ConnectRequest request;
    request.set_data(bytes);
    if (stream_->Write(request)) return absl::OkStatus();
    return absl::UnavailableError("the tunnel has ended");
  }

  absl::StatusOr<std::string> Read() override {
    guest::v1::ConnectResponse response;
    if (!stream_->Read(&response)) return absl::UnavailableError("the tunnel has ended");
    return response.data();
  }

 private:
  grpc::ClientContext context_;
  const std::unique_ptr<guest::v1::TunnelService::Stub> stub_;
  const std::unique_ptr<
      grpc::ClientReaderWriter<guest::v1::ConnectRequest, guest::v1::ConnectResponse>>
      stream_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<BytePipe>> ConnectTo(int port) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    return ErrnoStatus(errno, "connect");
  }
  const int yes = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  return std::make_unique<Socket>(std::move(fd));
}

absl::StatusOr<std::unique_ptr<BytePipe>> ConnectThroughTunnel(
    const std::shared_ptr<grpc::Channel>& channel, const std::string& session_id, uint16_t port) {
  auto tunnel = std::make_unique<Tunnel>(channel);
  ORCH_RETURN_IF_ERROR(tunnel->Open(session_id, port));
  return tunnel;
}

absl::StatusOr<HttpReply> ReadReply(BytePipe& pipe, std::string& rest) {
  const auto read_until = [&](auto has_come) -> absl::Status {
    while (!has_come()) {
      ORCH_ASSIGN_OR_RETURN(const std::string bytes, pipe.Read());
      rest += bytes;
    }
    return absl::OkStatus();
  };
  size_t end = std::string::npos;
  ORCH_RETURN_IF_ERROR(
      read_until([&] { return (end = rest.find("\r\n\r\n")) != std::string::npos; }));
  HttpReply reply{.head = rest.substr(0, end + 4), .body = {}};
  rest.erase(0, end + 4);
  constexpr char kLength[] = "Content-Length:";
  const size_t found = reply.head.find(kLength);
  if (found == std::string::npos) return reply;
  const size_t digits = found + sizeof kLength - 1;
  size_t size = 0;
  if (!absl::SimpleAtoi(reply.head.substr(digits, reply.head.find("\r\n", digits) - digits),
                        &size)) {
    return absl::UnavailableError("the answer has no length");
  }
  ORCH_RETURN_IF_ERROR(read_until([&] { return rest.size() >= size; }));
  reply.body = rest.substr(0, size);
  rest.erase(0, size);
  return reply;
}

}  // namespace orch::bench
