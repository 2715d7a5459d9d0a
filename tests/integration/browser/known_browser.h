#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "orchestrator/model/browser.h"
#include "orchestrator/model/pool_id.h"
#include "orchestrator/model/session_id.h"

namespace orch::testing {

// What the reference knows of a live browser. A value; times are uptime.
struct KnownBrowser {
  SessionId id;
  // Of a pool: and `held` says whether a client has it.
  std::optional<PoolId> pool;
  bool held = false;
  BrowserState state = BrowserState::kReady;
  StandbyLevel level = StandbyLevel::kNone;
  uint32_t memory_mib = 0;
  absl::Duration timeout;
  absl::Duration standby_after;
  absl::Duration last_active;
  absl::Duration paused_at;
  // Calls that are under way.
  size_t leases = 0;
  // What its guest has in memory and on its scratch disk.
  std::string memory;
  std::string disk;
  // Several things happened to it at once, or one failed: what it is now is whatever its record
  // says, and when idleness leads to what is not known.
  bool sure = true;
  // It cannot live on.
  bool doomed = false;

  bool in_pool() const { return pool.has_value() && !held; }
  bool asleep() const { return state == BrowserState::kStandby; }
  bool awake() const { return !asleep() && !in_pool(); }
  bool gone() const { return state == BrowserState::kDeleted; }
  bool has_machine() const { return !gone() && level != StandbyLevel::kDisk; }

  // Calls can begin: also counts as activity.
  void OpenAt(absl::Duration now);
  void SleepAt(absl::Duration now, StandbyLevel depth);

  // Does to it what idleness has led to by `now`; whether that was anything.
  bool Settle(absl::Duration now, absl::Duration deepen_after);

  // It may have been put on disk for somebody who wants its memory, if it was not used.
  void Yield(const Browser& record);

  // Takes over what its record says; none: it has ended.
  void Follow(const absl::StatusOr<Browser>& record);
  // Empty, or how `record` is not what this is.
  std::string DiffersFrom(const Browser& record) const;
};

}  // namespace orch::testing
