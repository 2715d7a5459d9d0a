#include "orchestrator/transport/fake/fake_guest_transport.h"

#include <utility>
#include <variant>

#include "orchestrator/base/status_macros.h"
#include "orchestrator/framing/socket_pair.h"

namespace orch {

absl::StatusOr<UniqueFd> FakeGuestTransport::Connect(const GuestAddress& address,
                                                     absl::Time deadline) {
  if (std::holds_alternative<std::monostate>(address)) {
    return absl::InvalidArgumentError("the virtual machine has no agent");
  }
  ORCH_ASSIGN_OR_RETURN(auto pair, MakeSocketPair());
  absl::MutexLock lock(&mutex_);
  connects_++;
  if (failures_left_ > 0) {
    failures_left_--;
    return failure_;
  }
  if (!mutex_.AwaitWithDeadline(absl::Condition(&listening_), deadline)) {
    return absl::UnavailableError("the agent did not answer in time");
  }
  pending_.push_back(std::move(pair.second));
  return std::move(pair.first);
}

absl::StatusOr<UniqueFd> FakeGuestTransport::Accept(absl::Time deadline) {
  absl::MutexLock lock(&mutex_);
  if (!mutex_.AwaitWithDeadline(absl::Condition(this, &FakeGuestTransport::HasPending), deadline)) {
    return absl::DeadlineExceededError("nobody connected in time");
  }
  UniqueFd fd = std::move(pending_.front());
  pending_.pop_front();
  return fd;
}

void FakeGuestTransport::FailNext(size_t times, absl::Status status) {
  absl::MutexLock lock(&mutex_);
  failures_left_ = times;
  failure_ = std::move(status);
}

void FakeGuestTransport::SetListening(bool listening) {
  absl::MutexLock lock(&mutex_);
  listening_ = listening;
}

size_t FakeGuestTransport::connects() const {
  absl::MutexLock lock(&mutex_);
  return connects_;
}

}  // namespace orch
