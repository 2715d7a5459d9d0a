#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

#include "orchestrator/model/session_id.h"
#include "orchestrator/snapshot/host_budget.h"

namespace orch {

// Makes room in a full host: has browsers that nobody uses sleep on disk, so that one that somebody
// wants can have their memory.
//
// Those who want memory are served in the order of asking, one at a time, and what is freed for the
// first is kept for it. For each, browsers are pushed one after the other, the longest idle first,
// until it fits: no more of them than it needs, none when all of them together would not do, and
// none twice. So every request ends, whatever the pushed ones do: one that wakes again asks anew,
// behind the others. Thread-safe; nothing is called with a mutex held.
class RoomMaker {
 public:
  // Whose memory may be taken.
  enum class Reach {
    // Of browsers in standby that still have their memory.
    kPaused,
    // Also of those that wait in pools: for somebody who waits, not to fill a pool.
    kPausedAndPooled,
  };

  struct Pushable {
    SessionId id;
    uint64_t memory_mib = 0;
  };

  struct Host {
    // Those that could be pushed now, in the order in which they are to be. Does not block.
    std::function<std::vector<Pushable>(Reach)> pushable;
    // Has one sleep on disk, unless it is in use by now, and then calls `done`, once, on any
    // thread, possibly before it returns. Does not block.
    std::function<void(const SessionId&, absl::AnyInvocable<void()> done)> push;
  };

  // Takes the memory; one that fails changes nothing. See HostBudget::IsLackOfMemory. Must not
  // block.
  using Take = absl::AnyInvocable<absl::Status()>;
  using Done = absl::AnyInvocable<void(absl::Status)>;

  // `budget` must outlive this.
  RoomMaker(HostBudget& budget, Host host) : budget_(budget), host_(std::move(host)) {}

  // Calls `take` until it does not lack memory, with room for `memory_mib` made in between, and
  // then `done` with what it last said: RESOURCE_EXHAUSTED when there is nothing left to push.
  // Possibly before it returns. Does not block.
  void Request(uint64_t memory_mib, Reach reach, Take take, Done done);

  // Whether there is room for so much, or others that could be pushed now would make it.
  bool CouldMake(uint64_t memory_mib, Reach reach) const;

  // Ends the requests that wait with `reason`, and those that come. A push under way goes on.
  void Stop(const absl::Status& reason);

 private:
  struct Waiter {
    uint64_t memory_mib;
    Reach reach;
    Take take;
    Done done;
    // Were pushed for it.
    absl::flat_hash_set<SessionId> tried;
  };

  // Serves those who wait until a push is under way or nobody waits.
  void Serve();
  // Who is to be pushed for `waiter`, if that can make room.
  std::optional<SessionId> NextFor(const Waiter& waiter) const;

  HostBudget& budget_;
  const Host host_;
  absl::Mutex mutex_;
  std::deque<std::unique_ptr<Waiter>> waiting_ ABSL_GUARDED_BY(mutex_);
  // Somebody is in Serve, or will be when a push has ended.
  bool serving_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status stopped_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace orch
