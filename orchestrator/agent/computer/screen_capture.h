#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"

namespace orch::agent {

// A part of the screen, in pixels from its top left corner.
struct ScreenRegion {
  uint32_t x = 0;
  uint32_t y = 0;
  uint32_t width = 0;
  uint32_t height = 0;
};

struct Screenshot {
  std::string png;
  uint32_t width = 0;
  uint32_t height = 0;
};

// Captures `region`, or the whole screen, of an X11 display such as ":0" as a PNG. Connects for
// each capture, so that a restarted X server does no harm. Blocks for tens of milliseconds.
//
// INVALID_ARGUMENT: the region is empty or not within the screen. UNAVAILABLE: the X server does
// not answer. UNIMPLEMENTED: its screen is not 24 bits deep.
absl::StatusOr<Screenshot> CaptureScreen(const std::string& display,
                                         const std::optional<ScreenRegion>& region);

}  // namespace orch::agent
