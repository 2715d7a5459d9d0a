#pragma once

#include "absl/status/statusor.h"

#include "guest/v1/filesystem.pb.h"
#include "orchestrator/agent/filesystem/file_system_context.h"

namespace orch::agent {

// ListFiles. Blocks. Memory is that of one page and of as many names for each level of directories.
absl::StatusOr<guest::v1::ListFilesResponse> ListFiles(const FileSystemContext& context,
                                                       const guest::v1::ListFilesRequest& request);

}  // namespace orch::agent
