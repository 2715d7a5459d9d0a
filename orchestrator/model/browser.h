#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"

#include "orchestrator/model/browser_state.h"
#include "orchestrator/model/session_id.h"

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
  friend bool operator==(const BrowserSpec&, const BrowserSpec&) = default;
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
  // Set exactly when `state` is kDeleted or kFailed.
  std::optional<absl::Time> ended_at;
  std::string image_digest;
  friend bool operator==(const Browser&, const Browser&) = default;
};

}  // namespace orch
