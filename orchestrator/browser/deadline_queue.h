#pragma once

#include <functional>
#include <memory>
#include <set>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "orchestrator/base/clock.h"
#include "orchestrator/base/wake_timer.h"
#include "orchestrator/model/session_id.h"

namespace orch {

// One deadline per browser. Thread-safe. A thread of its own sleeps until the next one and calls
// back when it has come; the destructor joins it.
class DeadlineQueue {
 public:
  // `on_due` must not block for long. `clock` must outlive this.
  DeadlineQueue(const Clock& clock, std::function<void(const SessionId&)> on_due);
  ~DeadlineQueue();

  // Nothing is called back before; what was set until then is kept. Once. RESOURCE_EXHAUSTED: no
  // file descriptors left.
  absl::Status Start();

  // Calls back no more, and waits for the callback under way. Idempotent.
  void Stop();

  // Calls back once when the clock's uptime reaches `at`, unless another Set or Clear comes first.
  // Infinite: Clear.
  void Set(const SessionId& id, absl::Duration at);

  void Clear(const SessionId& id);

  // Looks at the clock at once: for whoever moved one that does not run in real time.
  void WakeUp();

 private:
  // Calls back what is due, and sleeps again.
  void OnWake();
  void ClearLocked(const SessionId& id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Clock& clock_;
  const std::function<void(const SessionId&)> on_due_;
  absl::Mutex mutex_;
  std::set<std::pair<absl::Duration, SessionId>> queue_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<SessionId, absl::Duration> deadlines_ ABSL_GUARDED_BY(mutex_);
  // Null before Start and after Stop.
  std::unique_ptr<WakeTimer> timer_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace orch
