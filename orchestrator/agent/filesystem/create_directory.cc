#include "orchestrator/agent/filesystem/create_directory.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <memory>

#include "absl/strings/str_cat.h"

#include "orchestrator/agent/filesystem/file_info.h"
#include "orchestrator/agent/filesystem/mode_field.h"
#include "orchestrator/agent/filesystem/open_path.h"
#include "orchestrator/base/quoted.h"
#include "orchestrator/base/status_macros.h"

namespace orch::agent {
namespace {

constexpr uint32_t kDefaultMode = 0755;

// The directory that `path` is in, made when `parents` is set.
absl::StatusOr<UniqueFd> Parent(const GuestPath& path,
                                const guest::v1::CreateDirectoryRequest& request) {
  if (!request.parents()) return OpenParent(path, request.no_symlinks());
  ORCH_ASSIGN_OR_RETURN(const GuestPath parent, GuestPath::Parse("path", path.parent()));
  return MakeDirectories(parent, request.no_symlinks());
}

// Sets the mode of the directory that was just made, which mkdirat took the umask from.
absl::Status SetMode(int parent, const GuestPath& path, mode_t mode) {
  const UniqueFd made(::openat(parent, path.name().c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  const std::string name = absl::StrCat("/proc/self/fd/", made.get());
  if (made.valid() && ::chmod(name.c_str(), mode) == 0) return absl::OkStatus();
  return PathError(errno, "set the mode of", path.text());
}

}  // namespace

absl::StatusOr<guest::v1::FileInfo> CreateDirectory(
    const FileSystemContext& context, const guest::v1::CreateDirectoryRequest& request) {
  const uint32_t mode = request.has_mode() ? request.mode() : kDefaultMode;
  ORCH_RETURN_IF_ERROR(CheckMode(mode));
  ORCH_ASSIGN_OR_RETURN(const GuestPath path, GuestPath::Parse("path", request.path()));
  const OwnerNames owners(context.etc);
  ORCH_ASSIGN_OR_RETURN(const std::unique_ptr<ScopedIdentity> identity,
                        Become(context, request.as_user()));
  if (request.parents() && path.text() == "/") {
    ORCH_ASSIGN_OR_RETURN(const UniqueFd root, OpenName(path, request.no_symlinks()));
    return ReadFileInfo(root.get(), "", path.text(), owners);
  }
  ORCH_RETURN_IF_ERROR(path.CheckEndsInName("path"));
  ORCH_ASSIGN_OR_RETURN(const UniqueFd parent, Parent(path, request));
  if (::mkdirat(parent.get(), path.name().c_str(), mode) == 0) {
    ORCH_RETURN_IF_ERROR(SetMode(parent.get(), path, mode));
    return ReadFileInfo(parent.get(), path.name(), path.text(), owners);
  }
  if (errno != EEXIST) return PathError(errno, "create directory", path.text());
  if (!request.parents()) {
    return absl::AlreadyExistsError(absl::StrCat(Quoted(path.text()), " exists already"));
  }
  ORCH_ASSIGN_OR_RETURN(const UniqueFd there, OpenName(path, request.no_symlinks()));
  ORCH_ASSIGN_OR_RETURN(guest::v1::FileInfo info,
                        ReadFileInfo(there.get(), "", path.text(), owners));
  if (info.type() == guest::v1::FILE_TYPE_DIRECTORY) return info;
  return absl::AlreadyExistsError(
      absl::StrCat(Quoted(path.text()), " exists already and is not a directory"));
}

}  // namespace orch::agent
