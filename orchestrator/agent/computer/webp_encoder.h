#pragma once

#include <string>

#include "absl/status/statusor.h"

#include "orchestrator/agent/computer/bgrx_image.h"

namespace orch::agent {

// Encodes a lossy WebP file of `quality` 1..100, for speed rather than size. Blocks for some 50 ms
// per megapixel. INVALID_ARGUMENT: a side is longer than WebP knows. RESOURCE_EXHAUSTED or
// INTERNAL: libwebp failed.
absl::StatusOr<std::string> EncodeWebp(const BgrxImage& image, int quality);

}  // namespace orch::agent
