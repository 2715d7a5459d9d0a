#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"

#include "orchestrator/model/pool.h"
#include "orchestrator/model/session_id.h"
#include "orchestrator/pool/backoff.h"
#include "orchestrator/pool/token_bucket.h"

namespace orch {

// A READY browser of a pool.
struct IdleBrowser {
  SessionId id;
  // The pool's when it was made.
  uint64_t generation = 1;
  absl::Time since;
};

// Idle browsers by a number that grows with the time at which they became idle. The longest idle
// one is handed out first: what is left over from an older generation goes before what is newer.
using IdleQueue = std::map<uint64_t, IdleBrowser>;

// An Acquire call that waits.
struct Waiter {
  absl::Time since;
  absl::Time deadline;
};

// Waiters by ticket: the order of asking.
using WaitQueue = std::map<uint64_t, Waiter>;
// The same by deadline.
using WaitDeadlines = std::set<std::pair<absl::Time, uint64_t>>;

// What the plan needs to know of one pool. Borrows; cheap to make, whatever the pool's size.
struct PoolView {
  const Pool& pool;
  const IdleQueue& idle;
  // Idle browsers with a lower number are to go: flushed, or discarded by an update.
  uint64_t discard_before = 0;
  // Handed out, or on the way out or back.
  size_t acquired = 0;
  // Being made.
  size_t pending = 0;
  const WaitQueue& waiting;
  const WaitDeadlines& deadlines;
  const TokenBucket& tokens;
  // Replacements of browsers that were given back to be reset: they need no token.
  size_t owed = 0;
  // Of creations, since the last success.
  const Backoff& failures;
  // Of creations for lack of room on the host, since the last one that had it.
  const Backoff& refusals;
  // Grows with the time at which the pool was last given a creation; for round robin.
  uint64_t last_served = 0;
};

// What the plan needs to know of the host.
struct HostView {
  // How many more creations may begin now, of all pools together.
  size_t free_slots = 0;
  // How many creations have begun since a pool whose last attempt failed was last given one.
  size_t since_failing = 0;
};

// What a pool that is not full waits for.
enum class HeldBack {
  // It is full, or being filled.
  kNothing,
  // It has no token.
  kFillRate,
  // Its fill rate is 0: it never gets one.
  kNeverFilled,
  // It wants to create, and other pools' creations take every slot.
  kHostBusy,
  // The host refused the last creation for lack of room.
  kHostFull,
  // The last creation failed, and the next attempt is not due.
  kFailures,
};

// What to do with one pool now.
struct PoolPlan {
  struct Handout {
    uint64_t ticket;
    // In IdleQueue.
    uint64_t idle;
  };
  // Numbers in IdleQueue.
  std::vector<uint64_t> deletions;
  std::vector<Handout> handouts;
  // Tickets of waiters whose time is up.
  std::vector<uint64_t> timed_out;
  // Browsers to create; `untaxed` of them take no token.
  size_t creations = 0;
  size_t untaxed = 0;
  // Wants more creations now than the host had slots for: look again when one is free.
  bool wants_slot = false;
  // When something will be due that no event announces.
  absl::Time look_again = absl::InfiniteFuture();
};

inline constexpr size_t kFailingShare = 4;

// Decides what every one of `pools` does at `now`; the results are in the same order. Pure.
//
// Per pool:
// - Discarded idle browsers are deleted, then, longest idle first, as many as are above its size.
// - Waiters get the idle browsers, in the order of asking; those whose deadline has come time out.
// - It creates what it misses of its size, which counts idle, acquired and pending browsers, as far
//   as it has tokens (see TokenBucket) or owes replacements.
// - After a failure it makes one attempt at a time, see Backoff; after a refusal for lack of room
// it
//   waits for its delay, which whoever makes room cuts short.
//
// The host's slots go, one by one, first to pools with more waiters than browsers being made, then
// to the emptiest in relation to its size, then to the one that was served longest ago. Pools whose
// last attempt failed come after all others, as their attempts may block slots for long without use
// to anyone; but every kFailingShare-th slot is for one that has waited for a minute, so that they
// are not forgotten on a busy host.
//
// A pool may be left out when nothing of it has changed, its look_again has not come, and it did
// not want a slot. The cost is in proportion to what is to be done, not to the pools' sizes.
std::vector<PoolPlan> PlanPools(absl::Span<const PoolView> pools, const HostView& host,
                                absl::Time now);

// Why the pool is not being filled at `now`, after its plan was carried out. Pure.
HeldBack WhyHeldBack(const PoolView& pool, absl::Time now);

}  // namespace orch
