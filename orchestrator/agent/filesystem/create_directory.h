#pragma once

#include "absl/status/statusor.h"

#include "guest/v1/filesystem.pb.h"
#include "orchestrator/agent/filesystem/file_system_context.h"

namespace orch::agent {

// CreateDirectory. Blocks.
absl::StatusOr<guest::v1::FileInfo> CreateDirectory(
    const FileSystemContext& context, const guest::v1::CreateDirectoryRequest& request);

}  // namespace orch::agent
