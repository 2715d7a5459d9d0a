#pragma once

#include "absl/status/status.h"

namespace orch {

// Looks in PATH for the programs that the daemon runs, which would otherwise be missed at the first
// browser. FAILED_PRECONDITION: one is missing; the message names it and its Debian package.
absl::Status CheckRequiredPrograms();

}  // namespace orch
