#include "orchestrator/framing/host_link.h"

#include <sys/random.h>

#include <cerrno>
#include <utility>

#include "orchestrator/base/log.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/framing/socket_pair.h"

namespace orch {
namespace {

absl::StatusOr<uint64_t> DrawConnectionId() {
  uint64_t id = 0;
  while (id == 0) {
    if (::getrandom(&id, sizeof id, 0) != sizeof id && errno != EINTR) {
      return absl::ErrnoToStatus(errno, "cannot draw a connection id");
    }
  }
  return id;
}

}  // namespace

absl::StatusOr<std::unique_ptr<HostLink>> HostLink::Create(UniqueFd port, UniqueFd socket,
                                                           absl::Duration resend_interval) {
  ORCH_RETURN_IF_ERROR(SetNonBlocking(socket.get()));
  ORCH_ASSIGN_OR_RETURN(const uint64_t id, DrawConnectionId());
  ORCH_ASSIGN_OR_RETURN(Descriptors descriptors, MakeDescriptors(std::move(port)));
  return std::unique_ptr<HostLink>(
      new HostLink(std::move(descriptors), std::move(socket), id, resend_interval));
}

HostLink::HostLink(Descriptors descriptors, UniqueFd socket, uint64_t id,
                   absl::Duration resend_interval)
    : LinkEndpoint(std::move(descriptors)),
      id_(id),
      resend_interval_(absl::ToChronoNanoseconds(resend_interval)),
      unopened_socket_(std::move(socket)) {}

absl::Status HostLink::AwaitAccept(absl::Time deadline) {
  const auto decided = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return state_ != State::kOpening;
  };
  absl::MutexLock lock(&mutex_);
  mutex_.AwaitWithDeadline(absl::Condition(&decided), deadline);
  switch (state_) {
    case State::kOpen:
      return absl::OkStatus();
    case State::kEnded:
      return absl::UnavailableError("the serial port was closed before the agent answered");
    case State::kOpening:
      break;
  }
  return absl::UnavailableError("the agent did not answer on the serial port in time");
}

bool HostLink::ended() const {
  absl::MutexLock lock(&mutex_);
  return state_ == State::kEnded;
}

void HostLink::OnStart() {
  const absl::Status begun = BeginConnection(id_, std::move(unopened_socket_), false);
  if (!begun.ok()) {
    Log(LogLevel::kError, "serial_link_failed", {{"status", begun}});
    Finish();
    return;
  }
  OnTimer();
}

void HostLink::OnTimer() {
  Send(FrameType::kOpen, id_);
  SetTimer(SteadyClock::now() + resend_interval_);
}

void HostLink::OnAccept() {
  SetTimer(absl::nullopt);
  Establish();
  SetState(State::kOpen);
}

void HostLink::OnConnectionEnded() {
  if (hung_up_) {
    Finish();
  } else {
    FinishWhenWritten();
  }
}

void HostLink::OnPortHangup() {
  hung_up_ = true;
  // What has arrived is still delivered.
  if (has_connection()) {
    EndConnectionWhenDelivered();
  } else {
    Finish();
  }
}

void HostLink::OnEnd() { SetState(State::kEnded); }

void HostLink::SetState(State state) {
  absl::MutexLock lock(&mutex_);
  state_ = state;
}

}  // namespace orch
