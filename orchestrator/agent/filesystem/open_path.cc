#include "orchestrator/agent/filesystem/open_path.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/openat2.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "orchestrator/base/errno_status.h"
#include "orchestrator/base/quoted.h"
#include "orchestrator/base/status_macros.h"

namespace orch::agent {
namespace {

constexpr mode_t kParentMode = 0755;

// As openat; invalid with errno set on failure. Retries what the kernel asks to: openat2 gives
// EAGAIN when directories move while it looks.
UniqueFd OpenAt(int directory, const std::string& path, int flags, bool no_symlinks) {
  open_how how = {};
  how.flags = static_cast<uint64_t>(flags | O_CLOEXEC);
  how.resolve = no_symlinks ? RESOLVE_NO_SYMLINKS : 0;
  while (true) {
    const int fd =
        no_symlinks
            ? static_cast<int>(::syscall(SYS_openat2, directory, path.c_str(), &how, sizeof how))
            : ::openat(directory, path.c_str(), flags | O_CLOEXEC);
    if (fd >= 0 || (errno != EINTR && errno != EAGAIN)) return UniqueFd(fd);
  }
}

absl::StatusOr<UniqueFd> Open(const std::string& path, int flags, bool no_symlinks) {
  UniqueFd fd = OpenAt(AT_FDCWD, path, flags, no_symlinks);
  if (fd.valid()) return fd;
  if (errno == ELOOP && no_symlinks) {
    return absl::FailedPreconditionError(
        absl::StrCat(Quoted(path), " has a symbolic link in it, which no_symlinks forbids"));
  }
  return PathError(errno, "open", path);
}

}  // namespace

absl::Status PathError(int error, absl::string_view what, absl::string_view path) {
  return ErrnoStatus(error, absl::StrCat("cannot ", what, " ", Quoted(path)));
}

absl::string_view KindOf(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG:
      return "a file";
    case S_IFDIR:
      return "a directory";
    case S_IFLNK:
      return "a symbolic link";
    case S_IFIFO:
      return "a pipe";
    case S_IFSOCK:
      return "a socket";
    case S_IFCHR:
      return "a character device";
    case S_IFBLK:
      return "a block device";
    default:
      return "of an unknown kind";
  }
}

absl::StatusOr<UniqueFd> OpenName(const GuestPath& path, bool no_symlinks, bool nofollow) {
  // A link at the end is named, not followed: openat2 lets O_PATH | O_NOFOLLOW do that.
  return Open(path.text(), O_PATH | (nofollow ? O_NOFOLLOW : 0), no_symlinks);
}

absl::StatusOr<UniqueFd> OpenParent(const GuestPath& path, bool no_symlinks) {
  return Open(path.parent(), O_PATH | O_DIRECTORY, no_symlinks);
}

absl::StatusOr<UniqueFd> OpenDirectory(const GuestPath& path, bool no_symlinks) {
  return Open(path.text(), O_RDONLY | O_DIRECTORY, no_symlinks);
}

absl::StatusOr<UniqueFd> OpenRegularFile(const UniqueFd& name, int flags, const GuestPath& path) {
  struct stat info = {};
  if (::fstat(name.get(), &info) != 0) return PathError(errno, "look at", path.text());
  if (!S_ISREG(info.st_mode)) {
    return absl::FailedPreconditionError(
        absl::StrCat(Quoted(path.text()), " is ", KindOf(info.st_mode), ", not a file"));
  }
  // The way from a descriptor that only names a file to one that opens it.
  UniqueFd file = OpenAt(AT_FDCWD, absl::StrCat("/proc/self/fd/", name.get()), flags, false);
  if (!file.valid()) return PathError(errno, "open", path.text());
  return file;
}

absl::StatusOr<UniqueFd> MakeDirectories(const GuestPath& path, bool no_symlinks) {
  ORCH_ASSIGN_OR_RETURN(UniqueFd directory, Open("/", O_PATH | O_DIRECTORY, no_symlinks));
  for (const absl::string_view part : absl::StrSplit(path.text(), '/', absl::SkipEmpty())) {
    const std::string name(part);
    UniqueFd next = OpenAt(directory.get(), name, O_PATH | O_DIRECTORY, no_symlinks);
    if (!next.valid() && errno == ENOENT) {
      if (::mkdirat(directory.get(), name.c_str(), kParentMode) != 0 && errno != EEXIST) {
        return PathError(errno, "create a directory of", path.text());
      }
      next = OpenAt(directory.get(), name, O_PATH | O_DIRECTORY, no_symlinks);
    }
    if (!next.valid()) return PathError(errno, "create a directory of", path.text());
    directory = std::move(next);
  }
  return directory;
}

}  // namespace orch::agent
