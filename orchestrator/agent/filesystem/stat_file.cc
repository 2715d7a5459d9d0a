#include "orchestrator/agent/filesystem/stat_file.h"

#include <memory>

#include "orchestrator/agent/filesystem/file_info.h"
#include "orchestrator/agent/filesystem/open_path.h"
#include "orchestrator/base/status_macros.h"

namespace orch::agent {

absl::StatusOr<guest::v1::FileInfo> StatFile(const FileSystemContext& context,
                                             const guest::v1::StatFileRequest& request) {
  ORCH_ASSIGN_OR_RETURN(const GuestPath path, GuestPath::Parse("path", request.path()));
  ORCH_ASSIGN_OR_RETURN(const std::unique_ptr<ScopedIdentity> identity,
                        Become(context, request.as_user()));
  ORCH_ASSIGN_OR_RETURN(const UniqueFd name,
                        OpenName(path, request.no_symlinks(), /*nofollow=*/!request.follow()));
  return ReadFileInfo(name.get(), "", path.text(), OwnerNames(context.etc));
}

}  // namespace orch::agent
