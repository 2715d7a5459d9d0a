#pragma once

#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"

namespace orch::agent {

// Copies `from` in the directory `from_directory`, with all that is in it, to the free name `to` in
// `to_directory`: files with their holes, directories, symbolic links (never followed), pipes; with
// mode, modification time and, where the caller may, owner. Blocks; calls `check` often and ends
// with its error; a part of the copy may then be there. `path` names the source in messages.
// FAILED_PRECONDITION: there is a device or socket. RESOURCE_EXHAUSTED: the disk is full, or more
// than 256 directories are nested.
absl::Status CopyTree(int from_directory, const std::string& from, int to_directory,
                      const std::string& to, const std::string& path,
                      absl::FunctionRef<absl::Status()> check);

}  // namespace orch::agent
