#pragma once

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "orchestrator/base/clock.h"

namespace orch::testing {

// Stands still until it is told otherwise. Thread-safe.
class FakeClock : public Clock {
 public:
  explicit FakeClock(absl::Time now) : now_(now) {}

  absl::Time Now() const override {
    absl::MutexLock lock(&mutex_);
    return now_;
  }

  absl::Duration Uptime() const override {
    absl::MutexLock lock(&mutex_);
    return uptime_;
  }

  // Time passes.
  void Advance(absl::Duration duration) {
    absl::MutexLock lock(&mutex_);
    now_ += duration;
    uptime_ += duration;
  }

  // Somebody sets the wall clock, by a negative step, too.
  void Step(absl::Duration step) {
    absl::MutexLock lock(&mutex_);
    now_ += step;
  }

 private:
  mutable absl::Mutex mutex_;
  absl::Time now_ ABSL_GUARDED_BY(mutex_);
  absl::Duration uptime_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace orch::testing
