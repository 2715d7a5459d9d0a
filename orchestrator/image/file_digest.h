#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace orch {

// The SHA-256 of a file's contents as 64 characters of [0-9a-f]. Blocks; reads about 1 GB a second.
// NOT_FOUND, PERMISSION_DENIED ... by errno; the message names the path.
absl::StatusOr<std::string> Sha256OfFile(const std::string& path);

}  // namespace orch
