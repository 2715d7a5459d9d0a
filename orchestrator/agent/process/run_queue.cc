#include "orchestrator/agent/process/run_queue.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace orch::agent {

RunQueue::Place::~Place() {
  if (running()) {
    --queue_.running_;
    queue_.Advance();
  } else {
    queue_.waiting_.erase(number_);
  }
}

RunQueue::~RunQueue() { loop_.CancelTimer(timer_); }

absl::StatusOr<std::unique_ptr<RunQueue::Place>> RunQueue::Enter(std::function<void()> on_turn) {
  const uint64_t number = next_number_++;
  if (waiting_.empty() && running_ < config_.max_concurrent) {
    ++running_;
    return std::unique_ptr<Place>(new Place(*this, number, nullptr));
  }
  if (waiting_.size() >= config_.max_queued) {
    return absl::ResourceExhaustedError(
        absl::StrCat(running_, " processes run and ", waiting_.size(),
                     " wait, which is the limit of a browser; end one, or raise max_concurrent or "
                     "max_queued with SetConfig"));
  }
  std::unique_ptr<Place> place(new Place(*this, number, std::move(on_turn)));
  waiting_.emplace(number, place.get());
  return place;
}

void RunQueue::Advance() {
  if (timer_ != 0 || waiting_.empty()) return;
  // Later: whoever has just ended is still on the stack.
  timer_ = loop_.RunAfter(absl::ZeroDuration(), [this] {
    timer_ = 0;
    LetRun();
  });
}

void RunQueue::LetRun() {
  while (!waiting_.empty() && running_ < config_.max_concurrent) {
    Place& next = *waiting_.begin()->second;
    waiting_.erase(waiting_.begin());
    ++running_;
    // May destroy the place.
    const std::function<void()> on_turn = std::exchange(next.on_turn_, nullptr);
    on_turn();
  }
}

}  // namespace orch::agent
