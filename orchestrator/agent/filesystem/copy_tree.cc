#include "orchestrator/agent/filesystem/copy_tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <optional>

#include "absl/strings/str_cat.h"

#include "orchestrator/agent/filesystem/mode_field.h"
#include "orchestrator/agent/filesystem/open_path.h"
#include "orchestrator/base/annotate.h"
#include "orchestrator/base/directory_stream.h"
#include "orchestrator/base/quoted.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/base/unique_fd.h"

namespace orch::agent {
namespace {

constexpr size_t kBufferBytes = 256 * 1024;
constexpr int kMaxDepth = 256;

class Copying {
 public:
  explicit Copying(absl::FunctionRef<absl::Status()> check)
      : check_(check), buffer_(kBufferBytes, '\0') {}

  absl::Status Copy(int from_directory, const std::string& from, int to_directory,
                    const std::string& to, const std::string& path, int depth);

 private:
  absl::Status CopyFile(int from_directory, const std::string& from, int to_directory,
                        const std::string& to, const std::string& path);
  absl::Status CopyRange(int from, int to, off_t begin, off_t end, const std::string& path);
  absl::Status CopyContents(int from, int to, off_t size, const std::string& path);
  absl::Status CopyDirectory(int from_directory, const std::string& from, int to_directory,
                             const std::string& to, const std::string& path, int depth);
  static absl::Status CopyLink(int from_directory, const std::string& from, int to_directory,
                               const std::string& to, const std::string& path);
  // Owner, then mode, which a change of owner takes bits from, then time.
  static absl::Status CopyAttributes(const struct stat& info, int to, const std::string& path);

  const absl::FunctionRef<absl::Status()> check_;
  std::string buffer_;
};

absl::Status Copying::Copy(int from_directory, const std::string& from, int to_directory,
                           const std::string& to, const std::string& path, int depth) {
  ORCH_RETURN_IF_ERROR(check_());
  struct stat info = {};
  if (::fstatat(from_directory, from.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
    return PathError(errno, "copy", path);
  }
  switch (info.st_mode & S_IFMT) {
    case S_IFREG:
      return CopyFile(from_directory, from, to_directory, to, path);
    case S_IFDIR:
      return CopyDirectory(from_directory, from, to_directory, to, path, depth);
    case S_IFLNK:
      return CopyLink(from_directory, from, to_directory, to, path);
    case S_IFIFO:
      if (::mkfifoat(to_directory, to.c_str(), info.st_mode & kAllModeBits) == 0) {
        return absl::OkStatus();
      }
      return PathError(errno, "copy", path);
    default:
      return absl::FailedPreconditionError(
          absl::StrCat(Quoted(path), " is ", KindOf(info.st_mode),
                       ", which is not moved to another file system"));
  }
}

absl::Status Copying::CopyAttributes(const struct stat& info, int to, const std::string& path) {
  if (::fchown(to, info.st_uid, info.st_gid) != 0 && errno != EPERM) {
    return PathError(errno, "keep the owner of", path);
  }
  const timespec times[2] = {info.st_atim, info.st_mtim};
  if (::fchmod(to, info.st_mode & kAllModeBits) != 0 || ::futimens(to, times) != 0) {
    return PathError(errno, "keep mode and time of", path);
  }
  return absl::OkStatus();
}

absl::Status Copying::CopyLink(int from_directory, const std::string& from, int to_directory,
                               const std::string& to, const std::string& path) {
  char target[PATH_MAX];
  const ssize_t size = ::readlinkat(from_directory, from.c_str(), target, sizeof target - 1);
  if (size < 0) return PathError(errno, "copy", path);
  target[size] = '\0';
  if (::symlinkat(target, to_directory, to.c_str()) == 0) return absl::OkStatus();
  return PathError(errno, "copy", path);
}

absl::Status Copying::CopyFile(int from_directory, const std::string& from, int to_directory,
                               const std::string& to, const std::string& path) {
  const UniqueFd source(::openat(from_directory, from.c_str(),
                                 O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  struct stat info = {};
  if (!source.valid() || ::fstat(source.get(), &info) != 0) return PathError(errno, "copy", path);
  if (!S_ISREG(info.st_mode)) {
    return absl::AbortedError(absl::StrCat(Quoted(path), " changed while it was copied; retry"));
  }
  const UniqueFd target(::openat(to_directory, to.c_str(),
                                 O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!target.valid()) return PathError(errno, "copy", path);
  ORCH_RETURN_IF_ERROR(CopyContents(source.get(), target.get(), info.st_size, path));
  return CopyAttributes(info, target.get(), path);
}

absl::Status Copying::CopyContents(int from, int to, off_t size, const std::string& path) {
  if (::ftruncate(to, size) != 0) return PathError(errno, "copy", path);
  for (off_t end = 0; end < size;) {
    const off_t begin = ::lseek(from, end, SEEK_DATA);
    // Nothing but a hole up to the end.
    if (begin < 0 && errno == ENXIO) break;
    end = begin < 0 ? size : ::lseek(from, begin, SEEK_HOLE);
    ORCH_RETURN_IF_ERROR(CopyRange(from, to, std::max<off_t>(begin, 0), std::min(end, size), path));
    if (begin < 0) break;
  }
  return absl::OkStatus();
}

absl::Status Copying::CopyRange(int from, int to, off_t begin, off_t end, const std::string& path) {
  while (begin < end) {
    ORCH_RETURN_IF_ERROR(check_());
    const auto wanted = std::min(static_cast<size_t>(end - begin), buffer_.size());
    const ssize_t n = ::pread(from, buffer_.data(), wanted, begin);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return PathError(errno, "copy", path);
    if (n == 0) break;
    for (ssize_t done = 0; done < n;) {
      const ssize_t m =
          ::pwrite(to, buffer_.data() + done, static_cast<size_t>(n - done), begin + done);
      if (m < 0 && errno == EINTR) continue;
      if (m < 0) return PathError(errno, "copy", path);
      done += m;
    }
    begin += n;
  }
  return absl::OkStatus();
}

absl::Status Copying::CopyDirectory(int from_directory, const std::string& from, int to_directory,
                                    const std::string& to, const std::string& path, int depth) {
  if (depth >= kMaxDepth) {
    return absl::ResourceExhaustedError(
        absl::StrCat("more than ", kMaxDepth, " directories are nested at ", Quoted(path)));
  }
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  const UniqueFd source(::openat(from_directory, from.c_str(), kFlags));
  struct stat info = {};
  if (!source.valid() || ::fstat(source.get(), &info) != 0 ||
      ::mkdirat(to_directory, to.c_str(), 0700) != 0) {
    return PathError(errno, "copy", path);
  }
  const UniqueFd target(::openat(to_directory, to.c_str(), kFlags));
  if (!target.valid()) return PathError(errno, "copy", path);
  absl::StatusOr<DirectoryStream> stream = DirectoryStream::Open(source.get());
  if (!stream.ok()) return Annotate(stream.status(), Quoted(path));
  while (true) {
    ORCH_ASSIGN_OR_RETURN(const std::optional<std::string> name, stream->Next());
    if (!name) break;
    ORCH_RETURN_IF_ERROR(
        Copy(source.get(), *name, target.get(), *name, absl::StrCat(path, "/", *name), depth + 1));
  }
  return CopyAttributes(info, target.get(), path);
}

}  // namespace

absl::Status CopyTree(int from_directory, const std::string& from, int to_directory,
                      const std::string& to, const std::string& path,
                      absl::FunctionRef<absl::Status()> check) {
  return Copying(check).Copy(from_directory, from, to_directory, to, path, 0);
}

}  // namespace orch::agent
