#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace orch {

// Runs a program found in PATH to its end, with /dev/null as standard input, and returns what it
// wrote to standard output and standard error together (the first 64 KiB). Blocks.
//
// NOT_FOUND: no such program. INTERNAL: it failed; the message has its exit status and output.
// DEADLINE_EXCEEDED: it was killed after `timeout`.
absl::StatusOr<std::string> RunProgram(const std::vector<std::string>& argv,
                                       absl::Duration timeout);

}  // namespace orch
