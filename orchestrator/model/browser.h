#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"

#include "orchestrator/model/browser_state.h"
#include "orchestrator/model/pool_id.h"
#include "orchestrator/model/session_id.h"
#include "orchestrator/model/vm_id.h"

namespace orch {

struct Viewport {
  uint32_t width_px = 0;
  uint32_t height_px = 0;
  friend bool operator==(const Viewport&, const Viewport&) = default;
};

// What a browser is made from. In a request 0 and empty mean "the default"; a Browser's own spec
// has every default filled in (see ResolveSpec).
struct BrowserSpec {
  std::string image;
  bool headless = false;
  uint32_t memory_mib = 0;
  uint32_t vcpus = 0;
  // Set exactly when not headless and the image has a screen.
  std::optional<Viewport> viewport;
  bool kiosk_mode = false;
  // A client's browser is deleted when nothing was active for so long: 10 s to 72 h.
  absl::Duration timeout;
  // How long after the last activity it goes into standby: 0 (at once) to 72 h, or infinite
  // (never). Absent means 5 s.
  std::optional<absl::Duration> standby_after;
  friend bool operator==(const BrowserSpec&, const BrowserSpec&) = default;
};

// The two depths of standby.
enum class StandbyLevel {
  // Not in standby.
  kNone = 0,
  // Its machine is paused: it costs memory and no processor, and wakes at once.
  kPaused = 1,
  // It has no machine: its state is in a file.
  kDisk = 2,
};

// Which part of a pool a browser is.
struct PoolMembership {
  PoolId pool;
  // The pool's generation that it was made with.
  uint64_t generation = 1;
  friend bool operator==(const PoolMembership&, const PoolMembership&) = default;
};

// The record of one browser, as the store keeps it and clients see it. A value; whoever needs it
// copies it.
struct Browser {
  SessionId id;
  BrowserSpec spec;
  BrowserState state = BrowserState::kCreating;
  // Not empty exactly when `state` is kFailed.
  std::string failure_reason;
  absl::Time created_at;
  std::optional<absl::Time> ready_at;
  // Since when a client holds it; set exactly when it was acquired from a pool and not released.
  std::optional<absl::Time> acquired_at;
  // Set exactly when `state` is kDeleted or kFailed.
  std::optional<absl::Time> ended_at;
  std::string image_digest;
  // Absent: made by CreateBrowser or ForkBrowser, and its client's alone.
  std::optional<PoolMembership> membership;
  // The machine that it runs in. Absent while it has none: before its first, in standby on disk,
  // after its end.
  std::optional<VmId> vm;
  // The template that it is a clone of; empty before it is one.
  std::string template_key;
  // Which making of that template (24 characters of [a-z0-9]): one that was made again under the
  // same key has other memory. Empty while `template_key` is, and in records that were written
  // before builds were recorded: then nobody knows.
  std::string template_build;
  // Not kNone exactly when `state` is kStandby.
  StandbyLevel standby_level = StandbyLevel::kNone;
  friend bool operator==(const Browser&, const Browser&) = default;
};

}  // namespace orch
