#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace orch {

// Linux's limits: a path with its NUL, and a name.
inline constexpr size_t kMaxPathBytes = 4095;
inline constexpr size_t kMaxNameBytes = 255;

// The names between the slashes of an entry's name, which are safe to walk one by one below a
// target directory; "." is left out, so that "./" gives none. INVALID_ARGUMENT: it is empty,
// absolute, has "..", a NUL or too many bytes; the message has the name.
absl::StatusOr<std::vector<std::string>> SplitEntryName(absl::string_view name);

}  // namespace orch
