#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

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

  GuestConnections();
  ~GuestConnections();

  // From now on `id` can be leased.
  void Add(const SessionId& id, std::shared_ptr<GuestChannel> channel);

  // Leases of `id` that wait fail with `reason`. OK when there is no `id`.
  void Remove(const SessionId& id, const absl::Status& reason);

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
  };

  static GuestLease MakeLease(const std::shared_ptr<GuestChannel>& guest,
                              std::shared_ptr<grpc::Channel> channel);
  // One attempt, after which the next one queues behind other guests'.
  void Connect(const SessionId& id, const std::shared_ptr<Guest>& guest);
  // Takes out those whose time is up; all of them when `all`.
  std::vector<Waiter> TakeWaiters(Guest& guest, bool all) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  absl::Mutex mutex_;
  absl::flat_hash_map<SessionId, std::shared_ptr<Guest>> guests_ ABSL_GUARDED_BY(mutex_);
  // The last member: its threads end before anything that they use.
  ThreadPool pool_;
};

}  // namespace orch
