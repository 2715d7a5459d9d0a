#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
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
// Transition, Get, Settle and SettleInserts block on the store.
//
// A write that failed may have had its effect all the same: only its answer was lost, or a crash
// will show what an error hid. The record is then in doubt, until it is written again as it is.
class BrowserRecords {
 public:
  using Callback = std::function<void(const Browser&)>;

  // Both must outlive this.
  BrowserRecords(StateStore& store, const Clock& clock) : store_(store), clock_(clock) {}

  // Reads the live records from the store. Call once, first.
  absl::Status Load();

  // Keeps a new record. The store's errors; then there is none here, and SettleInserts sees to the
  // one that the store may have.
  absl::Status Insert(const Browser& browser);

  // Ends the records of which Insert said that they were not kept, and which the store has. Call
  // now and then.
  void SettleInserts();

  // Applies `change` to a live record. When that moves it to another state, the times that go with
  // it are set, and an ended browser loses what it held. NOT_FOUND: not live. FAILED_PRECONDITION:
  // the lifecycle table forbids it. Else the store's errors; then nothing changed here, and the
  // record is in doubt.
  absl::StatusOr<Browser> Update(const SessionId& id, absl::FunctionRef<void(Browser&)> change);

  // Update to another state; `reason` is kept for kFailed.
  absl::StatusOr<Browser> Transition(const SessionId& id, BrowserState to,
                                     absl::string_view reason = "");

  // Whether a live record is in doubt. Does not block.
  bool IsInDoubt(const SessionId& id) const;

  // Writes a live record that is in doubt again; as one of its changes. OK when it is not in doubt,
  // or not live. The store's errors.
  absl::Status Settle(const SessionId& id);

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
  // Ends what the store has of an insert that failed.
  absl::Status EndInsert(const SessionId& id);

  StateStore& store_;
  const Clock& clock_;
  mutable absl::Mutex mutex_;
  absl::flat_hash_map<SessionId, Browser> live_ ABSL_GUARDED_BY(mutex_);
  // Of live_.
  absl::flat_hash_set<SessionId> in_doubt_ ABSL_GUARDED_BY(mutex_);
  // Inserts that failed, and may be in the store.
  std::vector<SessionId> lost_inserts_ ABSL_GUARDED_BY(mutex_);
  // Shared with publications under way, which call watchers without the mutex.
  absl::flat_hash_map<const Subscription*, std::shared_ptr<Callback>> watchers_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace orch
