#pragma once

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "orchestrator/image/image.h"

namespace orch {

// No manifest is longer; ParseImageManifest need not see more.
inline constexpr size_t kMaxImageManifestBytes = 64 * 1024;

// Whether `name` can name an image: [a-z0-9-], 1 to 63 characters.
bool IsImageName(absl::string_view name);

// The image that a manifest.toml describes, with its files in `directory` (absolute). Pure; looks
// at no file.
//
// INVALID_ARGUMENT: it is not TOML, or a key is missing, unknown, of the wrong type or out of its
// range; the message names the key.
absl::StatusOr<Image> ParseImageManifest(absl::string_view toml, const std::string& directory);

}  // namespace orch
