#pragma once

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "guest/v1/filesystem.pb.h"
#include "orchestrator/agent/filesystem/file_system_context.h"

namespace orch::agent {

// DeleteFile. Blocks.
absl::Status DeleteFile(const FileSystemContext& context,
                        const guest::v1::DeleteFileRequest& request);

// DeleteDirectory. Blocks; calls `check` often and ends with its error.
absl::StatusOr<guest::v1::DeleteDirectoryResponse> DeleteDirectory(
    const FileSystemContext& context, const guest::v1::DeleteDirectoryRequest& request,
    absl::FunctionRef<absl::Status()> check);

}  // namespace orch::agent
