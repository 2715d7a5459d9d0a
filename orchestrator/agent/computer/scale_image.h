#pragma once

#include <cstdint>
#include <vector>

#include "orchestrator/agent/computer/bgrx_image.h"

namespace orch::agent {

// `image` in a smaller size, each pixel the mean of those that it stands for. `width` and `height`
// are 1 up to the image's. Rows follow one another without a gap.
std::vector<uint8_t> ScaleDown(const BgrxImage& image, uint32_t width, uint32_t height);

}  // namespace orch::agent
