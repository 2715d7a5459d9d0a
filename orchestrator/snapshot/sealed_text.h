#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace orch {

// `text`, which is empty or ends with a new line, with one more line that has its checksum: a TOML
// comment.
std::string SealText(absl::string_view text);

// What was sealed; a part of `sealed`. DATA_LOSS: not a byte of it may differ.
absl::StatusOr<absl::string_view> UnsealText(absl::string_view sealed);

}  // namespace orch
