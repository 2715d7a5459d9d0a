#include "orchestrator/agent/filesystem/delete_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "absl/strings/str_cat.h"

#include "orchestrator/agent/filesystem/delete_tree.h"
#include "orchestrator/agent/filesystem/open_path.h"
#include "orchestrator/base/quoted.h"
#include "orchestrator/base/status_macros.h"

namespace orch::agent {

absl::Status DeleteFile(const FileSystemContext& context,
                        const guest::v1::DeleteFileRequest& request) {
  ORCH_ASSIGN_OR_RETURN(const GuestPath path, GuestPath::Parse("path", request.path()));
  ORCH_RETURN_IF_ERROR(path.CheckEndsInName("path"));
  ORCH_ASSIGN_OR_RETURN(const std::unique_ptr<ScopedIdentity> identity,
                        Become(context, request.as_user()));
  ORCH_ASSIGN_OR_RETURN(const UniqueFd parent, OpenParent(path, request.no_symlinks()));
  if (::unlinkat(parent.get(), path.name().c_str(), 0) == 0) return absl::OkStatus();
  if (errno == EISDIR) {
    return absl::FailedPreconditionError(
        absl::StrCat(Quoted(path.text()), " is a directory; DeleteDirectory deletes it"));
  }
  return PathError(errno, "delete", path.text());
}

absl::StatusOr<guest::v1::DeleteDirectoryResponse> DeleteDirectory(
    const FileSystemContext& context, const guest::v1::DeleteDirectoryRequest& request,
    absl::FunctionRef<absl::Status()> check) {
  ORCH_ASSIGN_OR_RETURN(const GuestPath path, GuestPath::Parse("path", request.path()));
  ORCH_RETURN_IF_ERROR(path.CheckEndsInName("path"));
  ORCH_ASSIGN_OR_RETURN(const std::unique_ptr<ScopedIdentity> identity,
                        Become(context, request.as_user()));
  ORCH_ASSIGN_OR_RETURN(const UniqueFd parent, OpenParent(path, request.no_symlinks()));
  struct stat info = {};
  if (::fstatat(parent.get(), path.name().c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
    return PathError(errno, "delete directory", path.text());
  }
  if (!S_ISDIR(info.st_mode)) {
    return absl::FailedPreconditionError(
        absl::StrCat(Quoted(path.text()), " is ", KindOf(info.st_mode), "; DeleteFile deletes it"));
  }
  guest::v1::DeleteDirectoryResponse response;
  if (request.recursive()) {
    ORCH_ASSIGN_OR_RETURN(const uint64_t deleted,
                          DeleteTree(parent.get(), path.name(), path.text(), check));
    response.set_deleted(deleted);
    return response;
  }
  if (::unlinkat(parent.get(), path.name().c_str(), AT_REMOVEDIR) != 0) {
    return PathError(errno, "delete directory", path.text());
  }
  response.set_deleted(1);
  return response;
}

}  // namespace orch::agent
