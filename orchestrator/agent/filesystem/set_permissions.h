#pragma once

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "guest/v1/filesystem.pb.h"
#include "orchestrator/agent/filesystem/file_system_context.h"

namespace orch::agent {

// SetPermissions. Blocks; when recursive, calls `check` often and ends with its error.
absl::StatusOr<guest::v1::FileInfo> SetPermissions(const FileSystemContext& context,
                                                   const guest::v1::SetPermissionsRequest& request,
                                                   absl::FunctionRef<absl::Status()> check);

}  // namespace orch::agent
