#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace orch::agent {

// Pixels as X servers of depth 24 keep them: 4 bytes each, blue, green, red, unused. Borrowed.
struct BgrxImage {
  const uint8_t* pixels = nullptr;
  uint32_t width = 0;
  uint32_t height = 0;
  // Bytes from one row to the next.
  size_t stride = 0;
};

// Encodes a PNG file, 8 bits RGB, for speed rather than size. Blocks for some 10 ms per megapixel.
// RESOURCE_EXHAUSTED or INTERNAL: libpng failed.
absl::StatusOr<std::string> EncodePng(const BgrxImage& image);

}  // namespace orch::agent
