#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "orchestrator/model/browser.h"
#include "orchestrator/model/pool.h"
#include "orchestrator/pool/pool_ledger.h"
#include "orchestrator/pool/pool_status.h"
#include "orchestrator/pool/reuse.h"

namespace orch {

// What is to be done after an event, by someone who may do I/O.
struct PoolWork {
  struct Creation {
    Pool pool;
    PoolCreation creation;
  };
  struct Handout {
    uint64_t ticket;
    SessionId id;
  };
  // An Acquire call that ends without a browser.
  struct Ending {
    uint64_t ticket;
    absl::Status status;
  };
  // A browser to be given back that its caller did not wait for.
  struct Return {
    PoolId pool;
    SessionId id;
  };
  std::vector<Creation> creations;
  std::vector<Handout> handouts;
  std::vector<Ending> endings;
  std::vector<Return> returns;
  std::vector<SessionId> deletions;
  // Pools that are not as they were.
  std::vector<PoolId> changed;
};

// All pools of the host, as a machine that takes events and says what is to be done: after one or
// more events, Plan. Not thread-safe, does no I/O; `now` is of a steady clock, but for what is
// called `wall`. An event costs O(log n) and what there is to do, and touches its own pool alone;
// when it frees a creation slot, also the pools that want one.
class PoolBook {
 public:
  // At most `max_creations` run at once.
  explicit PoolBook(size_t max_creations) : max_creations_(max_creations) {}
  PoolBook(const PoolBook&) = delete;
  PoolBook& operator=(const PoolBook&) = delete;

  // A pool that is new, or was found in the store.
  void Insert(Pool pool, absl::Time now);
  // NOT_FOUND. By id or name.
  absl::StatusOr<Pool> Get(absl::string_view id_or_name) const;
  absl::StatusOr<PoolStatus> Status(absl::string_view id_or_name, absl::Time now) const;
  // Newest first, ties by id.
  std::vector<PoolStatus> Statuses(absl::Time now) const;
  // ALREADY_EXISTS: a pool other than `self` has the name. The empty one is free.
  absl::Status CheckNameFree(absl::string_view name, const std::optional<PoolId>& self) const;
  // Takes over a changed record.
  void Change(const Pool& pool, absl::Time now);
  // The browsers that are idle now, and are to go. NOT_FOUND.
  absl::StatusOr<std::vector<SessionId>> Flush(absl::string_view id_or_name);

  // From now on it neither fills nor gives out browsers. NOT_FOUND. FAILED_PRECONDITION: browsers
  // of it are acquired and not `force`, or it is being deleted already.
  absl::StatusOr<PoolId> BeginDeleting(absl::string_view id_or_name, bool force);
  // It is not deleted after all.
  void AbortDeleting(const PoolId& id);
  // It is gone, its browsers are to go, who waits is told.
  void FinishDeleting(const PoolId& id, PoolWork& work);

  // A live browser that was there before. One that no pool wants is to go, and so is an idle one
  // that its pool discards.
  void Adopt(const Browser& browser, absl::Time now, PoolWork& work);
  // What became of a browser, of any pool or none.
  void Observe(const Browser& browser, absl::Time now);
  // A browser is not there any more.
  void Gone(const PoolId& pool, const SessionId& id);
  // The browser could not be deleted: to be tried again after a while.
  void DeletionFailed(const SessionId& id, absl::Time now);
  // What became of a creation.
  void Created(const PoolCreation& creation, const absl::StatusOr<Browser>& browser, absl::Time now,
               absl::Time wall, PoolWork& work);

  // Returns a ticket; the call ends with a handout or an ending. NOT_FOUND, FAILED_PRECONDITION (it
  // is being deleted).
  absl::StatusOr<uint64_t> Acquire(absl::string_view id_or_name,
                                   std::optional<absl::Duration> timeout, absl::Time now);
  // The caller does not wait any more. Nothing happens when the call has ended.
  void Cancel(uint64_t ticket, PoolWork& work);
  // What became of a handout. True: the caller gets the browser. Else the caller got, or will get,
  // something else.
  bool HandedOut(const PoolWork::Handout& handout, const absl::Status& result, absl::Time now,
                 PoolWork& work);

  struct GivingBack {
    PoolId pool;
    // Give it back and tell GivenBack; else it is deleted.
    bool keep;
  };
  // NOT_FOUND: no such pool, or no such browser in it. FAILED_PRECONDITION: it is not acquired.
  absl::StatusOr<GivingBack> BeginGivingBack(absl::string_view id_or_name, const SessionId& id,
                                             Reuse reuse, absl::Time now, PoolWork& work);
  // What became of it: its state now, or nothing when it has ended.
  void GivenBack(const PoolId& pool, const SessionId& id, std::optional<BrowserState> state,
                 absl::Time now, PoolWork& work);

  // Decides what is to be done now.
  void Plan(absl::Time now, PoolWork& work);
  // When to plan again if nothing happens before.
  absl::Time NextLook() const;

 private:
  struct Entry {
    Entry(Pool pool, absl::Time now) : ledger(std::move(pool), now) {}
    PoolLedger ledger;
    bool dirty = false;
    bool deleting = false;
    absl::Time look_again = absl::InfiniteFuture();
  };
  // An Acquire call.
  struct Call {
    PoolId pool;
    Waiter waiter;
    // The browser that is being handed out to it.
    std::optional<SessionId> handing_out;
    bool cancelled = false;
  };

  Entry* Find(const PoolId& id) const;
  Entry* Find(absl::string_view id_or_name) const;
  void Touch(Entry& entry);
  void Schedule(Entry& entry, absl::Time time);
  void Carry(Entry& entry, const PoolPlan& plan, absl::Time now, PoolWork& work);
  void Discard(Entry& entry, const SessionId& id, PoolWork& work);
  absl::Status TimedOut(const Entry& entry, const Waiter& waiter, absl::Time now) const;

  const size_t max_creations_;
  size_t creating_ = 0;
  uint64_t turn_ = 0;
  // Creations since a failing pool was given one.
  size_t since_failing_ = 0;
  uint64_t next_ticket_ = 1;
  absl::flat_hash_map<PoolId, std::unique_ptr<Entry>> pools_;
  absl::flat_hash_map<std::string, PoolId> names_;
  absl::flat_hash_map<uint64_t, Call> calls_;
  std::vector<PoolId> dirty_;
  // Want a creation and got no slot.
  absl::flat_hash_set<PoolId> hungry_;
  // Were refused for lack of room.
  absl::flat_hash_set<PoolId> refused_;
  std::set<std::pair<absl::Time, PoolId>> schedule_;
  std::set<std::pair<absl::Time, SessionId>> deletion_retries_;
};

}  // namespace orch
