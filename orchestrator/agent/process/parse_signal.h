#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace orch::agent {

// The number of a signal given as a name ("TERM", "SIGTERM") or number ("15").
// INVALID_ARGUMENT: it is neither, or not 1..64.
absl::StatusOr<int> ParseSignal(absl::string_view text);

}  // namespace orch::agent
