#include "orchestrator/agent/supervisor/readiness_probe.h"

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace orch::agent {
namespace {

// "HTTP/1.1 200": what decides is in the first bytes.
constexpr size_t kStatusLineBytes = 12;

}  // namespace

ReadinessProbe::ReadinessProbe(EventLoop& loop, const ProgramConfig& config,
                               std::function<void()> on_ready)
    : loop_(loop), config_(config), on_ready_(std::move(on_ready)) {
  timer_ = loop_.RunAfter(absl::ZeroDuration(), [this] { Attempt(); });
}

ReadinessProbe::~ReadinessProbe() {
  loop_.CancelTimer(timer_);
  Close();
}

void ReadinessProbe::Close() {
  if (socket_.valid()) loop_.Unwatch(socket_.get());
  socket_.Reset();
}

void ReadinessProbe::TryLater() {
  Close();
  loop_.CancelTimer(timer_);
  timer_ = loop_.RunAfter(kInterval, [this] { Attempt(); });
}

// Begins to connect; false when that failed at once.
bool ReadinessProbe::Connect() {
  const bool http = config_.probe == ReadyProbe::kHttp;
  socket_.Reset(::socket(http ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket_.valid()) return false;
  if (http) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(config_.probe_port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return ::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) ==
               0 ||
           errno == EINPROGRESS;
  }
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  config_.probe_path.copy(address.sun_path, sizeof address.sun_path - 1);
  return ::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

void ReadinessProbe::Attempt() {
  answer_.clear();
  if (!Connect()) {
    TryLater();
    return;
  }
  timer_ = loop_.RunAfter(kAttemptTimeout, [this] { TryLater(); });
  loop_.Watch(socket_.get(), EPOLLOUT, [this](uint32_t) { Connected(); });
}

void ReadinessProbe::Connected() {
  if (config_.probe == ReadyProbe::kUnixSocket) {
    loop_.CancelTimer(timer_);
    Close();
    on_ready_();
    return;
  }
  const std::string request =
      absl::StrCat("GET ", config_.probe_path, " HTTP/1.1\r\nHost: 127.0.0.1:", config_.probe_port,
                   "\r\nConnection: close\r\n\r\n");
  const ssize_t sent = ::send(socket_.get(), request.data(), request.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(request.size())) {
    TryLater();
    return;
  }
  loop_.Watch(socket_.get(), EPOLLIN, [this](uint32_t) { ReadAnswer(); });
}

void ReadinessProbe::ReadAnswer() {
  char buffer[kStatusLineBytes];
  const ssize_t n = ::read(socket_.get(), buffer, kStatusLineBytes - answer_.size());
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n > 0) answer_.append(buffer, static_cast<size_t>(n));
  if (n > 0 && answer_.size() < kStatusLineBytes) return;
  if (!absl::StartsWith(answer_, "HTTP/1.") || !absl::EndsWith(answer_, " 200")) {
    TryLater();
    return;
  }
  loop_.CancelTimer(timer_);
  Close();
  on_ready_();
}

}  // namespace orch::agent
