#pragma once

#include "absl/status/statusor.h"

#include "guest/v1/filesystem.pb.h"
#include "orchestrator/agent/filesystem/file_system_context.h"

namespace orch::agent {

// StatFile. Blocks.
absl::StatusOr<guest::v1::FileInfo> StatFile(const FileSystemContext& context,
                                             const guest::v1::StatFileRequest& request);

}  // namespace orch::agent
