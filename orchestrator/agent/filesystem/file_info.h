#pragma once

#include <string>

#include "absl/status/statusor.h"

#include "guest/v1/filesystem.pb.h"
#include "orchestrator/agent/filesystem/owner_names.h"

namespace orch::agent {

// What filesystem.proto tells of the file `name` in `directory`, of a symbolic link itself; with an
// empty `name`, of what the descriptor `directory` is. `path` is what it will be called. Errors by
// errno; the message has the path.
absl::StatusOr<guest::v1::FileInfo> ReadFileInfo(int directory, const std::string& name,
                                                 const std::string& path, const OwnerNames& owners);

}  // namespace orch::agent
