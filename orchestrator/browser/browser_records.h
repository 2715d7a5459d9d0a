#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

#include "orchestrator/base/clock.h"
#include "orchestrator/model/browser.h"
#include "orchestrator/store/state_store.h"

namespace orch {

// Ends a watch when destroyed; its callback may still be running then, but is not called anew.
class BrowserWatch {
 public:
  virtual ~BrowserWatch() = default;
};

// The records of all browsers: live ones in memory, all in the store. Every change is checked
// against the lifecycle table, written to the store, and then shown to watchers. Thread-safe, but
// changes of one browser must come one at a time (its strand sees to that). Insert, Update,
// Transition and Get block on the store.
class BrowserRecords {
 public:
  using Callback = std::function<void(const Browser&)>;

  // Both must outlive this.
  BrowserRecords(StateStore& store, const Clock& clock) : store_(store), clock_(clock) {}

  // Reads the live records from the store. Call once, first.
  absl::Status Load();

  // Keeps a new record. The store's errors.
  absl::Status Insert(const Browser& browser);

  // Applies `change` to a live record. When that moves it to another state, the times that go with
  // it are set, and an ended browser loses what it held. NOT_FOUND: not live. FAILED_PRECONDITION:
  // the lifecycle table forbids it. Else the store's errors; then nothing changed.
  absl::StatusOr<Browser> Update(const SessionId& id, absl::FunctionRef<void(Browser&)> change);

  // Update to another state; `reason` is kept for kFailed.
  absl::StatusOr<Browser> Transition(const SessionId& id, BrowserState to,
                                     absl::string_view reason = "");

  // Any record, ended ones, too. NOT_FOUND: never existed.
  absl::StatusOr<Browser> Get(const SessionId& id) const;

  // A record that is live. NOT_FOUND otherwise. Does not block.
  absl::StatusOr<Browser> GetLive(const SessionId& id) const;

  std::vector<Browser> Live() const;

  // Calls `callback` for every live browser before it returns, then for each change, in order for
  // one browser. It must not block and must not call back here.
  std::unique_ptr<BrowserWatch> Watch(Callback callback);

 private:
  class Subscription;

  void Publish(const Browser& browser);

  StateStore& store_;
  const Clock& clock_;
  mutable absl::Mutex mutex_;
  absl::flat_hash_map<SessionId, Browser> live_ ABSL_GUARDED_BY(mutex_);
  // Shared with publications under way, which call watchers without the mutex.
  absl::flat_hash_map<const Subscription*, std::shared_ptr<Callback>> watchers_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace orch
