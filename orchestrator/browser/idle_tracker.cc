#include "orchestrator/browser/idle_tracker.h"

#include <algorithm>

namespace orch {

void IdleTracker::NoteActivity() {
  absl::MutexLock lock(&mutex_);
  last_active_ = clock_.Uptime();
}

absl::Duration IdleTracker::last_active() const {
  absl::MutexLock lock(&mutex_);
  return last_active_;
}

void IdleTracker::NotePaused() {
  absl::MutexLock lock(&mutex_);
  paused_at_ = clock_.Uptime();
}

void IdleTracker::NoteFailure() {
  absl::MutexLock lock(&mutex_);
  retry_at_ = clock_.Uptime() + kRetry;
}

IdleStep IdleTracker::Next(const Browser& record, bool active, bool can_deepen) const {
  const absl::Duration now = clock_.Uptime();
  absl::MutexLock lock(&mutex_);
  return NextIdleStep(
      {.state = record.state,
       .level = record.standby_level,
       .in_pool = WaitsInPool(record),
       .active = active,
       .idle_for = now - last_active_,
       .paused_for = now - paused_at_,
       .timeout = record.spec.timeout,
       .standby_after = std::max(*record.spec.standby_after, retry_at_ - last_active_),
       .deepen_after = can_deepen ? std::max(deepen_after_, retry_at_ - paused_at_)
                                  : absl::InfiniteDuration()});
}

}  // namespace orch
