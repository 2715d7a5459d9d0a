#include "orchestrator/browser/deadline_queue.h"

#include <optional>
#include <utility>

#include "orchestrator/base/status_macros.h"

namespace orch {

DeadlineQueue::DeadlineQueue(const Clock& clock, std::function<void(const SessionId&)> on_due)
    : clock_(clock), on_due_(std::move(on_due)) {}

DeadlineQueue::~DeadlineQueue() { Stop(); }

absl::Status DeadlineQueue::Start() {
  ORCH_ASSIGN_OR_RETURN(std::unique_ptr<WakeTimer> timer,
                        WakeTimer::Create(clock_, [this] { OnWake(); }));
  absl::MutexLock lock(&mutex_);
  timer_ = std::move(timer);
  if (!queue_.empty()) timer_->Set(queue_.begin()->first);
  return absl::OkStatus();
}

void DeadlineQueue::Stop() {
  std::unique_ptr<WakeTimer> timer;
  {
    absl::MutexLock lock(&mutex_);
    timer = std::move(timer_);
  }
}

void DeadlineQueue::Set(const SessionId& id, absl::Duration at) {
  absl::MutexLock lock(&mutex_);
  ClearLocked(id);
  if (at == absl::InfiniteDuration()) return;
  deadlines_.emplace(id, at);
  const auto place = queue_.emplace(at, id).first;
  if (timer_ != nullptr && place == queue_.begin()) timer_->Set(at);
}

void DeadlineQueue::Clear(const SessionId& id) {
  absl::MutexLock lock(&mutex_);
  ClearLocked(id);
}

void DeadlineQueue::WakeUp() {
  absl::MutexLock lock(&mutex_);
  if (timer_ != nullptr) timer_->Set(clock_.Uptime());
}

void DeadlineQueue::ClearLocked(const SessionId& id) {
  const auto it = deadlines_.find(id);
  if (it == deadlines_.end()) return;
  queue_.erase({it->second, id});
  deadlines_.erase(it);
}

void DeadlineQueue::OnWake() {
  while (true) {
    std::optional<SessionId> id;
    {
      absl::MutexLock lock(&mutex_);
      if (timer_ == nullptr || queue_.empty()) return;
      const absl::Duration at = queue_.begin()->first;
      if (at > clock_.Uptime()) {
        timer_->Set(at);
        return;
      }
      id = queue_.begin()->second;
      ClearLocked(*id);
    }
    on_due_(*id);
  }
}

}  // namespace orch
