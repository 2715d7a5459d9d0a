#pragma once

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "orchestrator/base/clock.h"
#include "orchestrator/browser/idle_policy.h"
#include "orchestrator/model/browser.h"

namespace orch {

// Since when one browser is idle, and what that leads to, see NextIdleStep. Thread-safe; nothing
// blocks.
class IdleTracker {
 public:
  // What failed when it was idle is not tried again before.
  static constexpr absl::Duration kRetry = absl::Seconds(5);

  // `clock` must outlive it. `deepen_after`: how long a paused browser keeps its memory.
  IdleTracker(const Clock& clock, absl::Duration deepen_after)
      : clock_(clock), deepen_after_(deepen_after), last_active_(clock.Uptime()) {}

  void NoteActivity();
  void NotePaused();
  // What idleness led to failed.
  void NoteFailure();

  // The uptime of its last activity.
  absl::Duration last_active() const;

  // `active`: a call is under way. `can_deepen`: it could be put on disk.
  IdleStep Next(const Browser& record, bool active, bool can_deepen) const;

 private:
  const Clock& clock_;
  const absl::Duration deepen_after_;
  mutable absl::Mutex mutex_;
  absl::Duration last_active_ ABSL_GUARDED_BY(mutex_);
  absl::Duration paused_at_ ABSL_GUARDED_BY(mutex_);
  absl::Duration retry_at_ ABSL_GUARDED_BY(mutex_) = -absl::InfiniteDuration();
};

}  // namespace orch
