#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

#include "orchestrator/base/clock.h"
#include "orchestrator/browser/browser_records.h"
#include "orchestrator/browser/pooled_browsers.h"
#include "orchestrator/store/state_store.h"

namespace orch::testing {

// PooledBrowsers without machines: only records. Answers each call at once, on the caller's thread,
// until it is told to hold or fail calls. Thread-safe.
class FakePooledBrowsers : public PooledBrowsers {
 public:
  FakePooledBrowsers(StateStore& store, const Clock& clock)
      : records_(store, clock), clock_(clock) {}

  absl::StatusOr<SessionId> CreatePooled(const Pool& pool, Done done) override;
  void Acquire(const SessionId& id, Done done) override;
  void Release(const SessionId& id, Done done) override;
  void DeleteBrowser(const SessionId& id, Done done) override;
  BrowserRecords& records() override { return records_; }

  enum class Call { kCreate, kAcquire, kRelease, kDelete };

  // From now on calls of this kind wait until Answer.
  void Hold(Call call);
  // Lets those that wait, and all that follow, go on.
  void LetGo(Call call);
  // How many wait.
  size_t held(Call call) const;
  // Blocks until so many wait.
  void AwaitHeld(Call call, size_t count) const;

  // The next `count` calls of this kind fail. A failed Acquire ends its browser, a failed creation
  // has no record, and other calls change nothing.
  void Fail(Call call, absl::Status status, size_t count);

  // A record in any state, as a former daemon left it.
  Browser AddRecord(const Pool& pool, uint64_t generation, BrowserState state);
  // The browser ends by itself.
  void Kill(const SessionId& id);

 private:
  struct Kind {
    bool holds = false;
    std::deque<std::function<void()>> held;
    absl::Status failure;
    size_t failures = 0;
  };

  // Runs `work` now or later, with the failure that is due or OK.
  void Do(Call call, std::function<void(const absl::Status&)> work);
  Kind& KindOf(Call call) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return kinds_[static_cast<size_t>(call)];
  }

  BrowserRecords records_;
  const Clock& clock_;
  mutable absl::Mutex mutex_;
  mutable Kind kinds_[4] ABSL_GUARDED_BY(mutex_);
};

}  // namespace orch::testing
