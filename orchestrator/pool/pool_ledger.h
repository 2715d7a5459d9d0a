#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/time/time.h"

#include "orchestrator/model/pool.h"
#include "orchestrator/model/session_id.h"
#include "orchestrator/pool/backoff.h"
#include "orchestrator/pool/pool_plan.h"
#include "orchestrator/pool/pool_status.h"
#include "orchestrator/pool/token_bucket.h"

namespace orch {

// A creation under way.
struct PoolCreation {
  PoolId pool;
  uint64_t generation = 1;
  absl::Time began;
  // It took no token.
  bool untaxed = false;
};

// Everything that is known of one pool: its record, its browsers, who waits, what it may create.
// Keeps the counts straight and decides nothing; PlanPools does. Not thread-safe, does no I/O;
// every method is O(1) or O(log n) in the pool's size but where it says otherwise.
class PoolLedger {
 public:
  enum class Place { kIdle, kHandingOut, kAcquired, kReleasing };

  struct Member {
    Place place = Place::kIdle;
    uint64_t generation = 1;
    // In IdleQueue; of kIdle.
    uint64_t idle_number = 0;
  };

  PoolLedger(Pool pool, absl::Time now);

  const Pool& pool() const { return pool_; }
  PoolView View() const;
  // `wall` times are the host's clock, all others a steady one.
  PoolStatus Status(absl::Time now) const;

  // Takes over a changed record. A new size, rate or browser also ends the delay after failures and
  // refusals: it may be what they were waiting for. When the record discards more, what is idle now
  // is to go.
  void Change(Pool pool, absl::Time now);
  // What is idle now is to go.
  void DiscardIdle() { discard_before_ = next_idle_; }

  // Null when it is not the pool's.
  const Member* Find(const SessionId& id) const;
  // Its browsers, in no order. O(n).
  std::vector<SessionId> Members() const;
  size_t acquired() const { return members_.size() - idle_.size(); }
  // Idle, acquired and pending ones: what the pool's size is about.
  size_t total() const { return members_.size() + pending_; }

  // Adds a browser that was found or made; as kIdle or kAcquired.
  void Add(const SessionId& id, uint64_t generation, Place place, absl::Time now);
  // Moves a member.
  void Move(const SessionId& id, Place place, absl::Time now);
  // Takes a browser out, whatever its place. False when it is not the pool's.
  bool Remove(const SessionId& id);
  // One that was given back to be reset has been removed: its replacement needs no token.
  void Owe();
  // Browsers of this generation are to go as soon as nobody holds them.
  bool IsDiscarded(uint64_t generation) const { return generation < pool_.discards_before; }

  void Wait(uint64_t ticket, Waiter waiter);
  // False when it does not wait.
  bool StopWaiting(uint64_t ticket);
  std::vector<uint64_t> Waiting() const;

  // `turn` grows with every creation of any pool.
  PoolCreation BeginCreation(bool untaxed, uint64_t turn, absl::Time now);
  // The browser was made.
  void EndCreation();
  // It was not: RESOURCE_EXHAUSTED is a refusal for lack of room, CANCELLED nobody's fault, and
  // everything else a failure. The token comes back.
  void EndCreation(const PoolCreation& creation, const absl::Status& error, absl::Time now,
                   absl::Time wall);
  // The host has room that it had not; true when the pool waits for that.
  bool RoomWasMade(absl::Time now);

 private:
  void ClampOwed();

  Pool pool_;
  IdleQueue idle_;
  uint64_t next_idle_ = 1;
  uint64_t discard_before_ = 0;
  absl::flat_hash_map<SessionId, Member> members_;
  size_t pending_ = 0;
  WaitQueue waiting_;
  WaitDeadlines deadlines_;
  TokenBucket tokens_;
  size_t owed_ = 0;
  Backoff failures_;
  Backoff refusals_;
  std::string refusal_;
  std::string last_error_;
  std::optional<absl::Time> last_error_at_;
  uint64_t last_served_ = 0;
};

}  // namespace orch
