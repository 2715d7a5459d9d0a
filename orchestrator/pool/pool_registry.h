#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "orchestrator/base/clock.h"
#include "orchestrator/base/strand.h"
#include "orchestrator/base/thread_pool.h"
#include "orchestrator/base/wake_timer.h"
#include "orchestrator/browser/browser_records.h"
#include "orchestrator/browser/pooled_browsers.h"
#include "orchestrator/model/browser.h"
#include "orchestrator/model/pool.h"
#include "orchestrator/pool/callback_gate.h"
#include "orchestrator/pool/pending_flushes.h"
#include "orchestrator/pool/pool_book.h"
#include "orchestrator/pool/pool_change.h"
#include "orchestrator/pool/pool_observer.h"
#include "orchestrator/pool/pool_status.h"
#include "orchestrator/pool/pool_watchers.h"
#include "orchestrator/pool/reuse.h"
#include "orchestrator/store/state_store.h"

namespace orch {

// All pools of this host: keeps each at its size, hands out browsers and takes them back.
//
// Thread-safe. What happens (calls, answers of PooledBrowsers, browsers that end, times that come)
// goes as an event to the PoolBook, under a mutex and without I/O; what the book says is to be done
// is then done on two small thread pools, so no call here blocks and none waits for another pool.
// Where an argument names a pool, its id or its name will do. The destructor lets browsers live:
// the next registry on the same store finds them.
class PoolRegistry {
 public:
  struct Options {
    // Creations that run at once, of all pools together.
    size_t max_concurrent_creations = 4;
  };

  // What the registry works with. All must outlive it.
  struct Dependencies {
    PooledBrowsers& browsers;
    StateStore& store;
    // Fills in the defaults of a pool's browsers and checks them, see ResolveSpec.
    // INVALID_ARGUMENT, NOT_FOUND (image). May block on the disk.
    std::function<absl::StatusOr<BrowserSpec>(const BrowserSpec&)> resolve;
    PoolObserver& observer;
    const Clock& clock;
  };

  using PoolDone = absl::AnyInvocable<void(absl::StatusOr<PoolStatus>)>;
  using StatusDone = absl::AnyInvocable<void(absl::Status)>;
  using AcquireDone = absl::AnyInvocable<void(absl::StatusOr<Browser>)>;

  // Names one Acquire call.
  using Ticket = uint64_t;

  // Finds the pools in the store and their browsers among the live ones: see IsIdleInPool; the
  // others are held by clients. Those of pools that are gone are deleted, and idle ones that their
  // pool discards. Each pool begins with one token. Errors of the store.
  static absl::StatusOr<std::unique_ptr<PoolRegistry>> Create(Dependencies dependencies,
                                                              Options options);
  // Waiting callers get UNAVAILABLE. No other call may be under way.
  ~PoolRegistry();
  PoolRegistry(const PoolRegistry&) = delete;
  PoolRegistry& operator=(const PoolRegistry&) = delete;

  // Every `done` is called exactly once, possibly before the call returns, on any thread.

  // Begins to fill a pool. INVALID_ARGUMENT, ALREADY_EXISTS (name), NOT_FOUND (image); the store's
  // errors.
  void CreatePool(PoolSpec spec, PoolDone done);

  // NOT_FOUND. Does not block.
  absl::StatusOr<PoolStatus> GetPool(absl::string_view pool) const;

  // Newest first, ties by id. Does not block.
  std::vector<PoolStatus> ListPools() const;

  // `change.browser` is resolved here. An empty name changes nothing. NOT_FOUND (pool, image),
  // INVALID_ARGUMENT, ALREADY_EXISTS (name); the store's errors.
  void UpdatePool(std::string pool, PoolChange change, PoolDone done);

  // Answers when the pool is gone; its browsers are then being deleted. NOT_FOUND.
  // FAILED_PRECONDITION: clients hold browsers, and not `force`. The store's errors.
  void DeletePool(std::string pool, bool force, StatusDone done);

  // Answers when it is on record of all browsers that are idle now that they end. NOT_FOUND. The
  // store's errors; then it is tried again all the same.
  void FlushPool(absl::string_view pool, PoolDone done);

  // `timeout` absent: see DefaultAcquireTimeout; 0: only what is idle now. INVALID_ARGUMENT: more
  // than kMaxAcquireTimeout or less than 0. NOT_FOUND. FAILED_PRECONDITION: the pool is being
  // deleted. DEADLINE_EXCEEDED: says what holds the pool back. CANCELLED. A browser that cannot be
  // resumed is replaced by the next one while the caller waits.
  Ticket Acquire(absl::string_view pool, std::optional<absl::Duration> timeout, AcquireDone done);

  // Ends the call with CANCELLED if it has not ended; a browser that is on its way to it goes back.
  void CancelAcquire(Ticket ticket);

  // kKeep answers when the browser is idle again. A browser of an older generation than its pool,
  // or of a pool that is larger than it shall be, is deleted whatever `reuse` says. NOT_FOUND: no
  // such pool, or no such browser in it. FAILED_PRECONDITION: it is not acquired. Errors of
  // PooledBrowsers; then the client still holds it.
  void Release(absl::string_view pool, const SessionId& id, Reuse reuse, StatusDone done);

  // `callback` begins with the pool as it is, soon after this returns. NOT_FOUND.
  absl::StatusOr<std::unique_ptr<PoolWatch>> Watch(absl::string_view pool,
                                                   PoolWatchers::Callback callback);

  // Does what is due. The timer calls it; so does a test that moved its clock.
  void WakeUp();

 private:
  // What the mutex guards.
  struct State {
    explicit State(size_t max_creations) : book(max_creations) {}
    PoolBook book;
    absl::flat_hash_map<Ticket, AcquireDone> calls;
    PendingFlushes flushes;
    // While set, browsers that are reported are kept for later.
    bool recovering = true;
    std::vector<Browser> found;
    // When the timer is set to wake.
    absl::Time wake_at = absl::InfiniteFuture();
  };
  using Event = absl::FunctionRef<void(State&, absl::Time now, PoolWork&)>;

  PoolRegistry(Dependencies dependencies, Options options);

  absl::Status Recover();
  // The clock's uptime as the book takes it.
  absl::Time SteadyNow() const;
  // Gives an event to the book, and does what it then says.
  void Step(Event event);
  void CarryOut(PoolWork work, std::vector<std::pair<AcquireDone, absl::Status>>&& endings);
  // `done`, told to the observer before.
  AcquireDone Observed(PoolId pool, AcquireDone done);
  void StartCreation(PoolWork::Creation creation);
  void StartHandout(const PoolWork::Handout& handout);
  void StartDeletion(const SessionId& id);
  void GiveBack(const PoolId& pool, const SessionId& id, StatusDone done);
  void Observe(const Browser& browser);
  void TellWatchers();
  absl::StatusOr<PoolStatus> DoCreate(PoolSpec spec);
  absl::StatusOr<PoolStatus> DoUpdate(const std::string& pool, PoolChange change);
  absl::Status DoDelete(const std::string& pool, bool force);

  const Dependencies dependencies_;
  PoolWatchers watchers_;
  const std::shared_ptr<CallbackGate> gate_ = std::make_shared<CallbackGate>();
  std::atomic<bool> stopping_ = false;

  mutable absl::Mutex mutex_;
  State state_ ABSL_GUARDED_BY(mutex_);

  std::unique_ptr<WakeTimer> timer_;
  // Apart from the rest, so that nobody waits for a browser behind the creation of another one.
  ThreadPool handout_pool_;
  ThreadPool upkeep_pool_;
  Strand telling_;
  // One change of the set of pools at a time. Its last steps tell of themselves.
  Strand admin_;
  std::unique_ptr<BrowserWatch> watch_;
};

}  // namespace orch
