#include "orchestrator/archive/target_directory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/openat2.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "orchestrator/base/errno_status.h"
#include "orchestrator/base/quoted.h"
#include "orchestrator/base/status_macros.h"

namespace orch {
namespace {

constexpr int kDirectoryFlags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
constexpr mode_t kParentMode = 0755;

// Opens `path` in one step; invalid with errno set when that fails, ENOSYS when the kernel cannot.
UniqueFd OpenBeneath(int root, const std::string& path) {
  open_how how = {};
  how.flags = kDirectoryFlags;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
  return UniqueFd(static_cast<int>(::syscall(SYS_openat2, root, path.c_str(), &how, sizeof how)));
}

absl::Status InTheWay(int error, int parent, const std::string& name, absl::string_view path) {
  struct stat info = {};
  if ((error == ENOTDIR || error == ELOOP) &&
      ::fstatat(parent, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        Quoted(path), S_ISLNK(info.st_mode) ? " is a symbolic link, which unpacking does not follow"
                                            : " is not a directory"));
  }
  return ErrnoStatus(error, absl::StrCat("cannot open ", Quoted(path)));
}

}  // namespace

absl::StatusOr<int> TargetDirectory::Reach(absl::Span<const std::string> names) {
  if (names.empty()) return root_;
  std::string path = absl::StrJoin(names, "/");
  if (last_.valid() && path == last_path_) return last_.get();
  UniqueFd directory = OpenBeneath(root_, path);
  if (!directory.valid()) {
    ORCH_ASSIGN_OR_RETURN(directory, Walk(names));
  }
  last_ = std::move(directory);
  last_path_ = std::move(path);
  return last_.get();
}

absl::StatusOr<UniqueFd> TargetDirectory::Walk(absl::Span<const std::string> names) {
  UniqueFd directory;
  for (size_t i = 0; i < names.size(); ++i) {
    const int parent = i == 0 ? root_ : directory.get();
    const std::string& name = names[i];
    UniqueFd next(::openat(parent, name.c_str(), kDirectoryFlags));
    if (!next.valid() && errno == ENOENT) {
      const std::string path = absl::StrJoin(names.subspan(0, i + 1), "/");
      if (made_ >= max_made_) {
        return absl::ResourceExhaustedError(
            absl::StrCat(Quoted(path), " would be one of more than ", max_made_,
                         " entries and directories, which is the limit"));
      }
      if (::mkdirat(parent, name.c_str(), kParentMode) != 0 && errno != EEXIST) {
        return ErrnoStatus(errno, absl::StrCat("cannot create directory ", Quoted(path)));
      }
      ++made_;
      next.Reset(::openat(parent, name.c_str(), kDirectoryFlags));
    }
    if (!next.valid()) {
      return InTheWay(errno, parent, name, absl::StrJoin(names.subspan(0, i + 1), "/"));
    }
    directory = std::move(next);
  }
  return directory;
}

}  // namespace orch
