#include "tests/support/fake_guest_control.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "orchestrator/base/status_macros.h"
#include "orchestrator/base/unique_fd.h"

namespace orch::testing {

// Connects to nobody.
class FakeGuestControl::Transport : public GuestTransport {
 public:
  explicit Transport(FakeGuestControl& control) : control_(control) {}

  absl::StatusOr<UniqueFd> Connect(const GuestAddress&, absl::Time) override {
    {
      absl::MutexLock lock(&control_.mutex_);
      ORCH_RETURN_IF_ERROR(control_.TakeFailure(Call::kConnect));
    }
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0) {
      return absl::ErrnoToStatus(errno, "socketpair");
    }
    const UniqueFd guests_end(ends[1]);
    return UniqueFd(ends[0]);
  }

 private:
  FakeGuestControl& control_;
};

FakeGuestControl::FakeGuestControl() : transport_(std::make_shared<Transport>(*this)) {}

std::shared_ptr<GuestChannel> FakeGuestControl::ChannelTo(const GuestAddress& agent) {
  return std::make_shared<GuestChannel>(*transport_, agent, clock_);
}

absl::Status FakeGuestControl::AwaitReady(const GuestAddress&, absl::Time deadline,
                                          CancelToken& cancel) {
  return Answer(Call::kAwaitReady, deadline, cancel);
}

absl::Status FakeGuestControl::PrepareSnapshot(const GuestAddress&, absl::Time deadline,
                                               CancelToken& cancel) {
  return Answer(Call::kPrepareSnapshot, deadline, cancel);
}

absl::Status FakeGuestControl::Greet(GuestChannel&, const std::string&, absl::Time deadline,
                                     CancelToken& cancel) {
  return Answer(Call::kGreet, deadline, cancel);
}

absl::Status FakeGuestControl::Answer(Call call, absl::Time deadline, CancelToken& cancel) {
  bool cancelled = false;
  const CancelToken::Interruption interruption(cancel, [&] {
    absl::MutexLock lock(&mutex_);
    cancelled = true;
  });
  {
    absl::MutexLock lock(&mutex_);
    Kind& kind = kinds_[call];
    ++kind.held;
    const auto may_go = [&] { return !kind.holds || cancelled; };
    const bool in_time = mutex_.AwaitWithDeadline(absl::Condition(&may_go), deadline);
    --kind.held;
    if (!in_time) return absl::DeadlineExceededError("the guest keeps silent");
    if (!cancelled) return TakeFailure(call);
  }
  return cancel.status();
}

void FakeGuestControl::FailNext(Call call, absl::Status status) {
  absl::MutexLock lock(&mutex_);
  kinds_[call].failures.push_back(std::move(status));
}

void FakeGuestControl::ClearFailures() {
  absl::MutexLock lock(&mutex_);
  for (auto& [call, kind] : kinds_) kind.failures.clear();
}

void FakeGuestControl::Hold(Call call) {
  absl::MutexLock lock(&mutex_);
  kinds_[call].holds = true;
}

void FakeGuestControl::LetGo(Call call) {
  absl::MutexLock lock(&mutex_);
  kinds_[call].holds = false;
}

bool FakeGuestControl::AwaitHeld(Call call, size_t count) {
  absl::MutexLock lock(&mutex_);
  const Kind& kind = kinds_[call];
  const auto wait = [&] { return kind.holds && kind.held >= count; };
  return mutex_.AwaitWithTimeout(absl::Condition(&wait), absl::Seconds(30));
}

absl::Status FakeGuestControl::TakeFailure(Call call) {
  std::deque<absl::Status>& failures = kinds_[call].failures;
  if (failures.empty()) return absl::OkStatus();
  absl::Status failure = std::move(failures.front());
  failures.pop_front();
  return failure;
}

}  // namespace orch::testing
