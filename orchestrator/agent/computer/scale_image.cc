#include "orchestrator/agent/computer/scale_image.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace orch::agent {

std::vector<uint8_t> ScaleDown(const BgrxImage& image, uint32_t width, uint32_t height) {
  constexpr size_t kBytes = BgrxImage::kBytesPerPixel;
  std::vector<uint8_t> scaled(size_t{width} * height * kBytes);
  // Where pixel i of `to` begins among `from` pixels, and where it ends, at least one further.
  const auto begin = [](uint64_t i, uint64_t from, uint64_t to) { return i * from / to; };
  const auto end = [](uint64_t i, uint64_t from, uint64_t to) {
    return std::max(i * from / to + 1, (i + 1) * from / to);
  };
  uint8_t* out = scaled.data();
  for (uint32_t y = 0; y < height; ++y) {
    const uint64_t top = begin(y, image.height, height);
    const uint64_t bottom = end(y, image.height, height);
    for (uint32_t x = 0; x < width; ++x, out += kBytes) {
      const uint64_t left = begin(x, image.width, width);
      const uint64_t right = end(x, image.width, width);
      std::array<uint64_t, kBytes> sums = {};
      for (uint64_t row = top; row < bottom; ++row) {
        const uint8_t* pixel = image.pixels + row * image.stride + left * kBytes;
        for (uint64_t column = left; column < right; ++column, pixel += kBytes) {
          for (size_t i = 0; i < kBytes; ++i) sums[i] += pixel[i];
        }
      }
      const uint64_t count = (bottom - top) * (right - left);
      for (size_t i = 0; i < kBytes; ++i) out[i] = static_cast<uint8_t>(sums[i] / count);
    }
  }
  return scaled;
}

}  // namespace orch::agent
