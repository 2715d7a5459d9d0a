#pragma once

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "guest/v1/filesystem.pb.h"
#include "orchestrator/agent/filesystem/file_system_context.h"

namespace orch::agent {

// Move. Blocks; while it copies to another file system, calls `check` often and ends with its
// error, without a trace at the destination.
absl::StatusOr<guest::v1::FileInfo> Move(const FileSystemContext& context,
                                         const guest::v1::MoveRequest& request,
                                         absl::FunctionRef<absl::Status()> check);

}  // namespace orch::agent
