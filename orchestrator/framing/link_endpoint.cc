#include "orchestrator/framing/link_endpoint.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "orchestrator/base/log.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/framing/socket_pair.h"

namespace orch {
namespace {

// No more is read from the socket while so much waits for the port.
constexpr size_t kMaxQueued = 2 * kMaxFramePayload;
constexpr std::chrono::milliseconds kLinger(1000);

constexpr uint64_t kPortTag = 0;
constexpr uint64_t kSocketTag = 1;
constexpr uint64_t kWakeTag = 2;

bool WouldBlock(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

absl::Status Watch(int epoll, int fd, uint32_t events, uint64_t tag) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = tag;
  if (::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
    return absl::ErrnoToStatus(errno, "cannot watch a descriptor of a serial link");
  }
  return absl::OkStatus();
}

bool IsSocket(int fd) {
  struct stat info {};
  return ::fstat(fd, &info) == 0 && S_ISSOCK(info.st_mode);
}

}  // namespace

absl::StatusOr<LinkEndpoint::Descriptors> LinkEndpoint::MakeDescriptors(UniqueFd port) {
  ORCH_RETURN_IF_ERROR(SetNonBlocking(port.get()));
  Descriptors fds;
  fds.port = std::move(port);
  fds.epoll.Reset(::epoll_create1(EPOLL_CLOEXEC));
  if (!fds.epoll.valid()) return absl::ErrnoToStatus(errno, "cannot make an epoll instance");
  fds.wake.Reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!fds.wake.valid()) return absl::ErrnoToStatus(errno, "cannot make an eventfd");
  // Edge-triggered, because a port that nobody holds reports EPOLLHUP all the time.
  ORCH_RETURN_IF_ERROR(
      Watch(fds.epoll.get(), fds.port.get(), EPOLLIN | EPOLLOUT | EPOLLET, kPortTag));
  ORCH_RETURN_IF_ERROR(Watch(fds.epoll.get(), fds.wake.get(), EPOLLIN, kWakeTag));
  return fds;
}

LinkEndpoint::LinkEndpoint(Descriptors descriptors)
    : fds_(std::move(descriptors)), port_is_socket_(IsSocket(fds_.port.get())) {}

void LinkEndpoint::Stop() {
  stopping_ = true;
  // Cannot fail: only 2^64 - 2 stops would make the counter block.
  [[maybe_unused]] const int written = ::eventfd_write(fds_.wake.get(), 1);
}

void LinkEndpoint::Run() {
  buffer_.resize(kMaxFramePayload);
  OnStart();
  while (!stopping_ && !finished_) {
    RunTimers();
    bool moved = ReadPort();
    moved |= WriteSocket();
    moved |= ReadSocket();
    moved |= WritePort();
    if (finish_linger_ && out_.empty()) finished_ = true;
    if (!moved && !stopping_ && !finished_) Wait();
  }
  connection_.reset();
  socket_.Reset();
  fds_.port.Reset();
  OnEnd();
}

absl::Status LinkEndpoint::BeginConnection(uint64_t id, UniqueFd socket, bool established) {
  DropConnection();
  out_.Clear();
  ORCH_RETURN_IF_ERROR(
      Watch(fds_.epoll.get(), socket.get(), EPOLLIN | EPOLLOUT | EPOLLET, kSocketTag));
  socket_ = std::move(socket);
  connection_ = std::make_unique<LinkConnection>(id);
  established_ = established;
  peer_ended_ = false;
  socket_readable_ = true;
  socket_writable_ = true;
  return absl::OkStatus();
}

void LinkEndpoint::DropConnection() {
  if (connection_ == nullptr) return;
  connection_.reset();
  socket_.Reset();
  socket_linger_.reset();
  OnConnectionEnded();
}

void LinkEndpoint::Send(FrameType type, uint64_t id) {
  if (out_.size() <= kMaxQueued) encoder_.Append({type, id, ""}, out_.tail());
}

void LinkEndpoint::SendClose() {
  encoder_.Append({FrameType::kClose, connection_->id(), ""}, out_.tail());
}

void LinkEndpoint::FinishWhenWritten() { finish_linger_ = SteadyClock::now() + kLinger; }

bool LinkEndpoint::ReadPort() {
  if (!port_readable_) return false;
  const ssize_t count = ::read(fds_.port.get(), buffer_.data(), buffer_.size());
  if (count > 0) {
    OnPortConnected();
    decoder_.Feed(absl::string_view(buffer_.data(), static_cast<size_t>(count)),
                  [this](const Frame& frame) { OnFrame(frame); });
    return true;
  }
  if (count < 0 && errno == EINTR) return true;
  port_readable_ = false;
  if (count < 0 && WouldBlock(errno)) {
    OnPortConnected();
  } else {
    OnPortHangup();
  }
  return false;
}

bool LinkEndpoint::WritePort() {
  if (!port_writable_ || out_.empty()) return false;
  const absl::string_view bytes = out_.front();
  const ssize_t count = port_is_socket_
                            ? ::send(fds_.port.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL)
                            : ::write(fds_.port.get(), bytes.data(), bytes.size());
  if (count > 0) {
    out_.Take(static_cast<size_t>(count));
    return true;
  }
  if (count < 0 && errno == EINTR) return true;
  // An error that stays shows itself to the next read, too.
  port_writable_ = false;
  return false;
}

bool LinkEndpoint::WriteSocket() {
  if (connection_ == nullptr) return false;
  const absl::string_view bytes = connection_->undelivered();
  if (bytes.empty()) {
    if (!peer_ended_) return false;
    DropConnection();
    return true;
  }
  if (!socket_writable_) return false;
  const ssize_t count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (count < 0) {
    if (errno == EINTR) return true;
    socket_writable_ = false;
    if (!WouldBlock(errno)) OnSocketEnded();
    return false;
  }
  connection_->Delivered(static_cast<size_t>(count));
  return true;
}

bool LinkEndpoint::ReadSocket() {
  if (connection_ == nullptr || !established_) return false;
  bool moved = false;
  if (out_.size() <= kMaxQueued && !peer_ended_) {
    if (const absl::optional<uint32_t> due = connection_->TakeDueWindow()) {
      encoder_.Append({FrameType::kWindow, connection_->id(), EncodeWindow(*due)}, out_.tail());
      moved = true;
    }
  }
  // After the peer's end the socket is read only to see its own.
  const size_t room =
      peer_ended_ ? buffer_.size() : std::min(buffer_.size(), connection_->send_window());
  if (!socket_readable_ || room == 0 || out_.size() > kMaxQueued) return moved;
  const ssize_t count = ::recv(socket_.get(), buffer_.data(), room, 0);
  if (count > 0) {
    if (peer_ended_) return true;
    const absl::string_view bytes(buffer_.data(), static_cast<size_t>(count));
    encoder_.Append({FrameType::kData, connection_->id(), bytes}, out_.tail());
    connection_->Sent(bytes.size());
    return true;
  }
  if (count < 0 && errno == EINTR) return true;
  socket_readable_ = false;
  if (count == 0 || !WouldBlock(errno)) OnSocketEnded();
  return moved;
}

void LinkEndpoint::OnFrame(const Frame& frame) {
  if (frame.type == FrameType::kOpen) {
    OnOpen(frame.connection_id);
    return;
  }
  if (connection_ == nullptr || frame.connection_id != connection_->id()) return;
  if (frame.type == FrameType::kAccept) {
    OnAccept();
  } else if (frame.type == FrameType::kClose) {
    EndConnectionWhenDelivered();
  } else if (established_ && !peer_ended_) {
    const absl::Status status = frame.type == FrameType::kData
                                    ? connection_->Receive(frame.payload)
                                    : connection_->ReceiveWindow(DecodeWindow(frame.payload));
    if (!status.ok()) Abort(status);
  }
}

void LinkEndpoint::Abort(const absl::Status& status) {
  Log(LogLevel::kWarning, "serial_link_aborted", {{"status", status}});
  SendClose();
  DropConnection();
}

void LinkEndpoint::OnSocketEnded() {
  if (!peer_ended_) SendClose();
  DropConnection();
}

void LinkEndpoint::RunTimers() {
  if (!timer_ && !socket_linger_ && !finish_linger_) return;
  const SteadyClock::time_point now = SteadyClock::now();
  if (timer_ && now >= *timer_) {
    timer_.reset();
    OnTimer();
  }
  if (socket_linger_ && now >= *socket_linger_) {
    socket_linger_.reset();
    OnSocketEnded();
  }
  if (finish_linger_ && now >= *finish_linger_) finished_ = true;
}

int LinkEndpoint::WaitMilliseconds() const {
  absl::optional<SteadyClock::time_point> first;
  for (const auto& at : {timer_, socket_linger_, finish_linger_}) {
    if (at && (!first || *at < *first)) first = at;
  }
  if (!first) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*first - SteadyClock::now());
  return static_cast<int>(std::clamp<int64_t>(left.count(), 0, 60'000));
}

void LinkEndpoint::Wait() {
  epoll_event events[4];
  const int count = ::epoll_wait(fds_.epoll.get(), events, 4, WaitMilliseconds());
  for (int i = 0; i < count; i++) {
    const uint32_t seen = events[i].events;
    if (events[i].data.u64 == kPortTag) {
      port_readable_ = true;
      port_writable_ = port_writable_ || (seen & EPOLLOUT) != 0;
    } else if (events[i].data.u64 == kSocketTag) {
      socket_readable_ = true;
      socket_writable_ = socket_writable_ || (seen & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0;
      // The reader of a full window may never come back, so that the end could not be read.
      if ((seen & EPOLLHUP) != 0 && !socket_linger_) socket_linger_ = SteadyClock::now() + kLinger;
    }
  }
}

}  // namespace orch
