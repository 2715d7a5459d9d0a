#pragma once

#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace orch::agent {

// Deletes what is in the directory `name` in `parent`, and then it; returns how many files and
// directories that were. Never follows a symbolic link, whatever others do there meanwhile; stays
// in one file system. Blocks; calls `check` often and ends with its error. `path` names the
// directory in messages. FAILED_PRECONDITION: it is no directory, or has a mount point in it.
absl::StatusOr<uint64_t> DeleteTree(int parent, const std::string& name, const std::string& path,
                                    absl::FunctionRef<absl::Status()> check);

}  // namespace orch::agent
