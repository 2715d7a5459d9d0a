#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "orchestrator/base/cancel_token.h"
#include "orchestrator/base/thread_pool.h"
#include "orchestrator/browser/guest_lease.h"
#include "orchestrator/model/session_id.h"
#include "orchestrator/transport/guest_channel.h"

namespace orch {

// The ways to all guests that can be called. Connects on a few threads, in short turns, so that
// guests that do not answer delay one another's callers but no one else's. Thread-safe. The
// destructor fails the leases that still wait.
class GuestConnections {
 public:
  using Done = absl::AnyInvocable<void(absl::StatusOr<GuestLease>)>;

  // Both are called without a lock: `on_used` when somebody is about to have or await a lease of a
  // guest no more, so that one who finds it idle finds when it was used last, and `on_idle`
  // whenever nobody has or awaits one any more.
  GuestConnections(std::function<void(const SessionId&)> on_used,
                   std::function<void(const SessionId&)> on_idle);
  ~GuestConnections();

  // From now on `id` can be leased.
  void Add(const SessionId& id, std::shared_ptr<GuestChannel> channel);

  // Leases of `id` that wait fail with `reason`, and those that were given are revoked with it. OK
  // when there is no `id`.
  void Remove(const SessionId& id, const absl::Status& reason);

  // Removes `id` and returns true, unless somebody has or awaits a lease of it. True when there is
  // no `id`.
  bool RemoveIfIdle(const SessionId& id);

  // Whether somebody has or awaits a lease of `id`.
  bool IsActive(const SessionId& id) const;

  // Leases of all guests that were given and not yet given back.
  size_t lease_count() const;

  // Calls `done` exactly once, possibly before this returns, and returns true; returns false
  // without touching `done` when `id` was not added. UNAVAILABLE: no connection within 30 s or
  // until `deadline`.
  bool Lease(const SessionId& id, absl::Time deadline, Done& done);

 private:
  struct Waiter {
    absl::Time deadline;
    Done done;
  };
  struct Guest {
    explicit Guest(std::shared_ptr<GuestChannel> c) : channel(std::move(c)) {}
    const std::shared_ptr<GuestChannel> channel;
    // These are guarded by mutex_. Some thread connects, or will, exactly when somebody waits.
    std::vector<Waiter> waiters;
    absl::flat_hash_set<std::shared_ptr<CancelToken>> leases;
  };

  GuestLease MakeLease(const SessionId& id, const std::shared_ptr<Guest>& guest,
                       const std::shared_ptr<grpc::Channel>& channel)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void EndLease(const SessionId& id, const std::shared_ptr<Guest>& guest,
                const std::shared_ptr<CancelToken>& lease);
  // One attempt, after which the next one queues behind other guests'.
  void Connect(const SessionId& id, const std::shared_ptr<Guest>& guest);
  // Takes out those whose time is up; all of them when `all`.
  std::vector<Waiter> TakeWaiters(Guest& guest, bool all) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::function<void(const SessionId&)> on_used_;
  const std::function<void(const SessionId&)> on_idle_;
  mutable absl::Mutex mutex_;
  absl::flat_hash_map<SessionId, std::shared_ptr<Guest>> guests_ ABSL_GUARDED_BY(mutex_);
  size_t lease_count_ ABSL_GUARDED_BY(mutex_) = 0;
  // The last member: its threads end before anything that they use.
  ThreadPool pool_;
};

}  // namespace orch
