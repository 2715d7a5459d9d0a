#include "orchestrator/snapshot/file_copies.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <linux/fs.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <vector>

#include "absl/strings/str_cat.h"

#include "orchestrator/base/annotate.h"
#include "orchestrator/base/status_macros.h"

namespace orch {
namespace {

constexpr size_t kBufferBytes = size_t{1} << 20;

absl::Status Refused(const std::string& path, absl::string_view why) {
  return absl::FailedPreconditionError(absl::StrCat(path, " ", why));
}

absl::Status WriteAt(const UniqueFd& file, const char* bytes, size_t size, off_t offset) {
  while (size > 0) {
    const ssize_t n = ::pwrite(file.get(), bytes, size, offset);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return absl::ErrnoToStatus(errno, "write failed");
    bytes += n;
    offset += n;
    size -= static_cast<size_t>(n);
  }
  return absl::OkStatus();
}

// Through this process, where the kernel cannot copy by itself.
absl::Status CopyRangeByHand(const UniqueFd& from, const UniqueFd& to, off_t begin, off_t end) {
  std::vector<char> buffer(kBufferBytes);
  while (begin < end) {
    const size_t size = static_cast<size_t>(std::min<off_t>(end - begin, kBufferBytes));
    const ssize_t n = ::pread(from.get(), buffer.data(), size, begin);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return absl::ErrnoToStatus(errno, "read failed");
    if (n == 0) return absl::OkStatus();  // It shrank; the rest is a hole.
    ORCH_RETURN_IF_ERROR(WriteAt(to, buffer.data(), static_cast<size_t>(n), begin));
    begin += n;
  }
  return absl::OkStatus();
}

absl::Status CopyRange(const UniqueFd& from, const UniqueFd& to, off_t begin, off_t end) {
  while (begin < end) {
    loff_t in = begin;
    loff_t out = begin;
    const ssize_t n =
        ::copy_file_range(from.get(), &in, to.get(), &out, static_cast<size_t>(end - begin), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EXDEV || errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL)) {
      return CopyRangeByHand(from, to, begin, end);
    }
    if (n < 0) return absl::ErrnoToStatus(errno, "copy_file_range failed");
    if (n == 0) return absl::OkStatus();
    begin += n;
  }
  return absl::OkStatus();
}

absl::Status CopyData(const UniqueFd& from, const UniqueFd& to) {
  struct stat info;
  if (::fstat(from.get(), &info) != 0) return absl::ErrnoToStatus(errno, "fstat failed");
  // The size is taken once: whoever makes the file grow meanwhile does not make this longer.
  if (::ftruncate(to.get(), info.st_size) != 0) {
    return absl::ErrnoToStatus(errno, "ftruncate failed");
  }
  off_t position = 0;
  while (position < info.st_size) {
    const off_t begin = ::lseek(from.get(), position, SEEK_DATA);
    if (begin < 0 && errno == ENXIO) break;
    const off_t end = begin < 0 ? -1 : ::lseek(from.get(), begin, SEEK_HOLE);
    if (end < 0) return absl::ErrnoToStatus(errno, "lseek failed");
    position = std::min(end, info.st_size);
    ORCH_RETURN_IF_ERROR(CopyRange(from, to, begin, position));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<UniqueFd> OpenHostileFile(const std::string& path) {
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  const UniqueFd directory(::open(parent.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat owner;
  if (!directory.valid() || ::fstat(directory.get(), &owner) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", parent.string()));
  }
  const std::string name = std::filesystem::path(path).filename();
  // O_NONBLOCK: not to wait for the other end of a pipe.
  UniqueFd file(::openat(directory.get(), name.c_str(),
                         O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!file.valid() && errno == ELOOP) return Refused(path, "is a link");
  struct stat info;
  if (!file.valid() || ::fstat(file.get(), &info) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", path));
  }
  if (!S_ISREG(info.st_mode)) return Refused(path, "is no regular file");
  if (info.st_uid != owner.st_uid) return Refused(path, "is not its directory's owner's");
  return file;
}

absl::Status LinkOpenFile(const UniqueFd& file, const std::string& path) {
  // AT_EMPTY_PATH would need a capability that the daemon may lack.
  const std::string by_descriptor = absl::StrCat("/proc/self/fd/", file.get());
  if (::linkat(AT_FDCWD, by_descriptor.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot create the link ", path));
  }
  return absl::OkStatus();
}

absl::Status CopyOpenFile(const UniqueFd& file, const std::string& path, mode_t mode) {
  const UniqueFd copy(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
  if (!copy.valid()) return absl::ErrnoToStatus(errno, absl::StrCat("cannot create ", path));
  if (::ioctl(copy.get(), FICLONE, file.get()) == 0) return absl::OkStatus();
  // Whatever the reason, a copy either works or has a better one.
  return Annotate(CopyData(file, copy), absl::StrCat("cannot copy to ", path));
}

}  // namespace orch
