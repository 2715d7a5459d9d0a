#pragma once

#include <string>

#include "absl/status/status.h"

namespace orch::agent {

// Writes everything that is only in memory to the guest's disks, then drops what the kernel keeps
// of files that no program has mapped. Blocks until it is done. Errors: the kernel refuses.
absl::Status FlushDisksAndDropCaches(const std::string& drop_caches = "/proc/sys/vm/drop_caches");

}  // namespace orch::agent
