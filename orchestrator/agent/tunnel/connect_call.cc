#include "orchestrator/agent/tunnel/connect_call.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

#include "orchestrator/base/grpc_status.h"
#include "orchestrator/base/status_macros.h"

namespace orch::agent {
namespace {

constexpr size_t kMaxMessageBytes = 64 * 1024;
constexpr uint32_t kMaxPort = 65535;

}  // namespace

ConnectCall::ConnectCall(EventLoop& loop, size_t max_tunnels, size_t& tunnels)
    : loop_(loop), max_tunnels_(max_tunnels), tunnels_(tunnels) {
  StartRead(&request_);
}

void ConnectCall::OnReadDone(bool ok) {
  loop_.Post([this, ok] { Take(ok); });
}

void ConnectCall::OnWriteDone(bool ok) {
  loop_.Post([this, ok] {
    sending_ = false;
    if (finished_) {
      Finish(ToGrpcStatus(end_));
    } else if (ok) {
      Watch();
    } else {
      FinishOnce(absl::CancelledError("the caller has gone"));
    }
  });
}

void ConnectCall::OnCancel() {
  loop_.Post([this] { FinishOnce(absl::CancelledError("cancelled by the caller")); });
}

void ConnectCall::OnDone() {
  loop_.Post([this] { delete this; });
}

void ConnectCall::Take(bool ok) {
  if (finished_) return;
  if (!ok) {
    if (port_ == 0) {
      FinishOnce(absl::InvalidArgumentError("port is needed in the first message"));
      return;
    }
    requests_ended_ = true;
    if (connected_) ::shutdown(socket_.get(), SHUT_WR);
    return;
  }
  if (request_.data().size() > kMaxMessageBytes) {
    FinishOnce(absl::InvalidArgumentError(absl::StrCat("data is ", request_.data().size(),
                                                       " bytes; at most ", kMaxMessageBytes,
                                                       " are allowed in a message")));
    return;
  }
  written_ = 0;
  has_request_ = true;
  if (connected_) {
    WriteSocket();
  } else if (const absl::Status opened = Open(); !opened.ok()) {
    FinishOnce(opened);
  }
}

absl::Status ConnectCall::Open() {
  if (request_.port() < 1 || request_.port() > kMaxPort) {
    return absl::InvalidArgumentError(
        absl::StrCat("port is ", request_.port(), "; it must be 1..", kMaxPort));
  }
  if (tunnels_ >= max_tunnels_) {
    return absl::ResourceExhaustedError(absl::StrCat(
        tunnels_, " tunnels are open, which is the limit of a browser; close one first"));
  }
  ++tunnels_;
  counted_ = true;
  port_ = static_cast<uint16_t>(request_.port());
  ORCH_ASSIGN_OR_RETURN(UniqueFd socket, BeginConnect(AF_INET));
  Connecting(AF_INET, std::move(socket));
  return absl::OkStatus();
}

absl::StatusOr<UniqueFd> ConnectCall::BeginConnect(int family) const {
  UniqueFd socket(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.valid()) {
    return absl::ResourceExhaustedError(
        absl::ErrnoToStatus(errno, "cannot create a socket").message());
  }
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in v4 = {};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port_);
  v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  sockaddr_in6 v6 = {};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port_);
  v6.sin6_addr = in6addr_loopback;
  const bool is_v4 = family == AF_INET;
  const sockaddr* address =
      is_v4 ? reinterpret_cast<const sockaddr*>(&v4) : reinterpret_cast<const sockaddr*>(&v6);
  // What fails at once shows in the same way as what fails later: by SO_ERROR or a refused
  // connection.
  if (::connect(socket.get(), address, is_v4 ? sizeof v4 : sizeof v6) != 0 &&
      errno != EINPROGRESS) {
    return absl::UnavailableError(
        absl::StrCat("nothing listens on port ", port_, " of the guest's loopback"));
  }
  return socket;
}

void ConnectCall::Connecting(int family, UniqueFd socket) {
  socket_ = std::move(socket);
  loop_.Watch(socket_.get(), EPOLLOUT, [this, family](uint32_t) {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error == 0) {
      Connected();
    } else {
      ConnectFailed(family, error);
    }
  });
}

void ConnectCall::ConnectFailed(int family, int error) {
  loop_.Unwatch(socket_.get());
  socket_.Reset();
  absl::StatusOr<UniqueFd> next = absl::UnavailableError(absl::StrCat(
      "nothing listens on port ", port_, " of the guest's loopback (errno ", error, ")"));
  if (family == AF_INET) next = BeginConnect(AF_INET6);
  if (next.ok()) {
    Connecting(AF_INET6, *std::move(next));
  } else {
    FinishOnce(next.status());
  }
}

void ConnectCall::Connected() {
  connected_ = true;
  // The empty first message.
  sending_ = true;
  StartWrite(&response_);
  if (has_request_) WriteSocket();
  if (!finished_ && requests_ended_) ::shutdown(socket_.get(), SHUT_WR);
}

void ConnectCall::Watch() {
  if (finished_ || !connected_) return;
  uint32_t events = 0;
  if (has_request_) events |= EPOLLOUT;
  if (!sending_) events |= EPOLLIN;
  if (events == 0) {
    // Not watched at all: a hang-up would be reported without end.
    loop_.Unwatch(socket_.get());
    return;
  }
  loop_.Watch(socket_.get(), events, [this](uint32_t ready) { Ready(ready); });
}

void ConnectCall::Ready(uint32_t events) {
  if (has_request_ && (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0) WriteSocket();
  if (!finished_ && !sending_ && (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) ReadSocket();
}

void ConnectCall::WriteSocket() {
  const std::string& bytes = request_.data();
  while (written_ < bytes.size()) {
    const ssize_t n =
        ::send(socket_.get(), bytes.data() + written_, bytes.size() - written_, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) {
      Watch();
      return;
    }
    if (n < 0) {
      FinishOnce(absl::AbortedError(absl::StrCat("port ", port_, " closed the connection")));
      return;
    }
    written_ += static_cast<size_t>(n);
  }
  has_request_ = false;
  Watch();
  StartRead(&request_);
}

void ConnectCall::ReadSocket() {
  char buffer[kMaxMessageBytes];
  const ssize_t n = ::read(socket_.get(), buffer, sizeof buffer);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n < 0) {
    FinishOnce(absl::AbortedError(absl::StrCat("port ", port_, " reset the connection")));
    return;
  }
  if (n == 0) {
    FinishOnce(absl::OkStatus());
    return;
  }
  response_.set_data(buffer, static_cast<size_t>(n));
  sending_ = true;
  StartWrite(&response_);
  Watch();
}

void ConnectCall::FinishOnce(const absl::Status& status) {
  if (std::exchange(finished_, true)) return;
  if (socket_.valid()) loop_.Unwatch(socket_.get());
  socket_.Reset();
  if (counted_) --tunnels_;
  end_ = status;
  // Else when the message under way has been sent.
  if (!sending_) Finish(ToGrpcStatus(end_));
}

}  // namespace orch::agent
