#pragma once

#include <string>

#include "absl/status/statusor.h"

#include "orchestrator/agent/computer/bgrx_image.h"

namespace orch::agent {

// Encodes a JPEG file of `quality` 1..100. Blocks for some 10 ms per megapixel. INVALID_ARGUMENT: a
// side is longer than JPEG knows. INTERNAL: libjpeg failed.
absl::StatusOr<std::string> EncodeJpeg(const BgrxImage& image, int quality);

}  // namespace orch::agent
