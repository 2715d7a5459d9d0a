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

enum class ImageFormat { kPng, kJpeg, kWebp };

struct CaptureOptions {
  // Absent: the whole screen.
  std::optional<ScreenRegion> region;
  ImageFormat format = ImageFormat::kPng;
  // Of JPEG and WebP, 1..100.
  int quality = 80;
  // Of the image's sides to the region's; more than 0, at most 1.
  double scale = 1;
};

struct Screenshot {
  // A file.
  std::string image;
  uint32_t width = 0;
  uint32_t height = 0;
};

// Captures an X11 display such as ":0". Connects for each capture, so that a restarted X server
// does no harm. Blocks for tens of milliseconds.
//
// INVALID_ARGUMENT: the region is empty or not within the screen, or too large for the format.
// UNAVAILABLE: the X server does not answer. UNIMPLEMENTED: its screen is not 24 bits deep.
absl::StatusOr<Screenshot> CaptureScreen(const std::string& display, const CaptureOptions& options);

}  // namespace orch::agent
