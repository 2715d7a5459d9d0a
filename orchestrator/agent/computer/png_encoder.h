#pragma once

#include <string>

#include "absl/status/statusor.h"

#include "orchestrator/agent/computer/bgrx_image.h"

namespace orch::agent {

// Encodes a PNG file, 8 bits RGB, for speed rather than size. Blocks for some 10 ms per megapixel.
// RESOURCE_EXHAUSTED or INTERNAL: libpng failed.
absl::StatusOr<std::string> EncodePng(const BgrxImage& image);

}  // namespace orch::agent
