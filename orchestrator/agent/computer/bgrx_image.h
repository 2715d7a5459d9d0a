#pragma once

#include <cstddef>
#include <cstdint>

namespace orch::agent {

// Pixels as X servers of depth 24 keep them: 4 bytes each, blue, green, red, unused. Borrowed.
struct BgrxImage {
  static constexpr size_t kBytesPerPixel = 4;

  const uint8_t* pixels = nullptr;
  uint32_t width = 0;
  uint32_t height = 0;
  // Bytes from one row to the next.
  size_t stride = 0;
};

}  // namespace orch::agent
