#include "orchestrator/agent/filesystem/move.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/agent/filesystem/copy_tree.h"
#include "orchestrator/agent/filesystem/delete_tree.h"
#include "orchestrator/agent/filesystem/file_info.h"
#include "orchestrator/agent/filesystem/open_path.h"
#include "orchestrator/agent/filesystem/rename.h"
#include "orchestrator/base/quoted.h"
#include "orchestrator/base/random_id.h"
#include "orchestrator/base/status_macros.h"

namespace orch::agent {
namespace {

constexpr size_t kTemporaryCharacters = 16;

// The two ends of a move.
struct Ends {
  const GuestPath& from;
  const GuestPath& to;
  int from_directory;
  int to_directory;
  bool overwrite;

  int Rename(int directory, const std::string& name) const {
    return overwrite ? RenameOver(directory, name, to_directory, to.name())
                     : RenameToFree(directory, name, to_directory, to.name());
  }
};

absl::Status RenameError(int error, const Ends& ends) {
  const std::string to = Quoted(ends.to.text());
  switch (error) {
    case EEXIST:
    case ENOTEMPTY:
      if (!ends.overwrite) return absl::AlreadyExistsError(absl::StrCat(to, " exists already"));
      return absl::FailedPreconditionError(
          absl::StrCat(to, " is a directory that is not empty, which is not replaced"));
    case EINVAL:
      return absl::InvalidArgumentError(
          absl::StrCat("destination ", to, " is in ", Quoted(ends.from.text()), " itself"));
    default:
      return PathError(error, absl::StrCat("move ", Quoted(ends.from.text()), " to"),
                       ends.to.text());
  }
}

absl::Status Remove(int directory, const std::string& name, const std::string& path,
                    absl::FunctionRef<absl::Status()> check) {
  if (::unlinkat(directory, name.c_str(), 0) == 0) return absl::OkStatus();
  if (errno != EISDIR) return PathError(errno, "delete", path);
  return DeleteTree(directory, name, path, check).status();
}

// To another file system: copies beside the destination, renames, deletes the source. Also within
// an overlay, whose lower layers' directories cannot be renamed.
absl::Status CopyOver(const Ends& ends, absl::FunctionRef<absl::Status()> check) {
  struct stat info = {};
  if (!ends.overwrite &&
      ::fstatat(ends.to_directory, ends.to.name().c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0) {
    return RenameError(EEXIST, ends);
  }
  const std::string copy = absl::StrCat(".move-", RandomId(kTemporaryCharacters));
  absl::Cleanup remove_copy = [&ends, &copy] {
    Remove(ends.to_directory, copy, copy, [] { return absl::OkStatus(); }).IgnoreError();
  };
  ORCH_RETURN_IF_ERROR(CopyTree(ends.from_directory, ends.from.name(), ends.to_directory, copy,
                                ends.from.text(), check));
  if (const int error = ends.Rename(ends.to_directory, copy); error != 0) {
    return RenameError(error, ends);
  }
  std::move(remove_copy).Cancel();
  return Remove(ends.from_directory, ends.from.name(), ends.from.text(),
                [] { return absl::OkStatus(); });
}

}  // namespace

absl::StatusOr<guest::v1::FileInfo> Move(const FileSystemContext& context,
                                         const guest::v1::MoveRequest& request,
                                         absl::FunctionRef<absl::Status()> check) {
  ORCH_ASSIGN_OR_RETURN(const GuestPath from, GuestPath::Parse("path", request.path()));
  ORCH_ASSIGN_OR_RETURN(const GuestPath to, GuestPath::Parse("destination", request.destination()));
  ORCH_RETURN_IF_ERROR(from.CheckEndsInName("path"));
  ORCH_RETURN_IF_ERROR(to.CheckEndsInName("destination"));
  const OwnerNames owners(context.etc);
  ORCH_ASSIGN_OR_RETURN(const std::unique_ptr<ScopedIdentity> identity,
                        Become(context, request.as_user()));
  ORCH_ASSIGN_OR_RETURN(const UniqueFd from_directory, OpenParent(from, request.no_symlinks()));
  ORCH_ASSIGN_OR_RETURN(const UniqueFd to_directory, OpenParent(to, request.no_symlinks()));
  const Ends ends{from, to, from_directory.get(), to_directory.get(), request.overwrite()};
  const int error = ends.Rename(ends.from_directory, from.name());
  if (error == EXDEV) {
    ORCH_RETURN_IF_ERROR(CopyOver(ends, check));
  } else if (error != 0) {
    return RenameError(error, ends);
  }
  return ReadFileInfo(to_directory.get(), to.name(), to.text(), owners);
}

}  // namespace orch::agent
