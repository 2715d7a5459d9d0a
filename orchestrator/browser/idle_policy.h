#pragma once

#include "absl/time/time.h"

#include "orchestrator/model/browser.h"

namespace orch {

// It waits in a pool: nobody holds it.
bool WaitsInPool(const Browser& browser);

// It waits in a pool and can be acquired: READY, or asleep on disk, where the host's need for
// memory put it.
bool IsIdleInPool(const Browser& browser);

// What is known of a live browser's idleness.
struct IdleFacts {
  BrowserState state = BrowserState::kReady;
  StandbyLevel level = StandbyLevel::kNone;
  // See WaitsInPool.
  bool in_pool = false;
  // A call is under way, or somebody waits for one.
  bool active = false;
  // Since its last activity.
  absl::Duration idle_for;
  // Since it was paused; for kPaused.
  absl::Duration paused_for;
  // See BrowserSpec.
  absl::Duration timeout;
  absl::Duration standby_after;
  // How long a paused browser keeps its memory; infinite: it is never put on disk.
  absl::Duration deepen_after;
};

enum class IdleAction { kNone, kPause, kDeepen, kDelete };

// What to do, and in how long: now when `in` is not positive. kNone: never, until something
// happens.
struct IdleStep {
  IdleAction action = IdleAction::kNone;
  absl::Duration in = absl::InfiniteDuration();
};

// The next thing that idleness leads to. A browser that several things are due for is deleted
// rather than paused. Pure.
IdleStep NextIdleStep(const IdleFacts& facts);

}  // namespace orch
