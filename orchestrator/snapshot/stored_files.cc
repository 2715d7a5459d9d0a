#include "orchestrator/snapshot/stored_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"

namespace orch {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kStatBlockBytes = 512;  // The unit of st_blocks, whatever st_blksize says.

absl::Status Failed(int error, absl::string_view operation, const std::string& path) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return absl::DataLossError(absl::StrCat(path, " is missing"));
    case ELOOP:
      return absl::DataLossError(absl::StrCat(path, " is a link"));
    case EIO:
      return absl::DataLossError(absl::StrCat("the disk cannot ", operation, " ", path));
    default:
      return absl::ErrnoToStatus(error, absl::StrCat("cannot ", operation, " ", path));
  }
}

absl::StatusOr<struct stat> Stat(const UniqueFd& file, const std::string& path) {
  struct stat info;
  if (::fstat(file.get(), &info) != 0) return Failed(errno, "look at", path);
  return info;
}

}  // namespace

absl::StatusOr<UniqueFd> OpenStored(const std::string& path) {
  // O_NONBLOCK: not to wait for the other end of what should not be a pipe.
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file.valid()) return Failed(errno, "open", path);
  ORCH_ASSIGN_OR_RETURN(const struct stat info, Stat(file, path));
  if (!S_ISREG(info.st_mode)) {
    return absl::DataLossError(absl::StrCat(path, " is no regular file"));
  }
  return file;
}

absl::StatusOr<UniqueFd> OpenStored(const std::string& path, uint64_t size_bytes) {
  ORCH_ASSIGN_OR_RETURN(UniqueFd file, OpenStored(path));
  ORCH_ASSIGN_OR_RETURN(const struct stat info, Stat(file, path));
  if (static_cast<uint64_t>(info.st_size) != size_bytes) {
    return absl::DataLossError(
        absl::StrCat(path, " has ", info.st_size, " bytes instead of ", size_bytes));
  }
  return file;
}

absl::StatusOr<std::string> ReadStored(const std::string& path, size_t max_bytes) {
  ORCH_ASSIGN_OR_RETURN(const UniqueFd file, OpenStored(path));
  ORCH_ASSIGN_OR_RETURN(const struct stat info, Stat(file, path));
  if (static_cast<uint64_t>(info.st_size) > max_bytes) {
    return absl::DataLossError(absl::StrCat(path, " has ", info.st_size, " bytes, more than the ",
                                            max_bytes, " that it can have"));
  }
  std::string contents(static_cast<size_t>(info.st_size), '\0');
  size_t done = 0;
  while (done < contents.size()) {
    const ssize_t n = ::read(file.get(), contents.data() + done, contents.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Failed(errno, "read", path);
    if (n == 0) return absl::DataLossError(absl::StrCat(path, " shrank while it was read"));
    done += static_cast<size_t>(n);
  }
  return contents;
}

absl::Status CreateStored(const std::string& path, absl::string_view contents, mode_t mode) {
  const UniqueFd file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!file.valid()) return absl::ErrnoToStatus(errno, absl::StrCat("cannot create ", path));
  while (!contents.empty()) {
    const ssize_t n = ::write(file.get(), contents.data(), contents.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot write ", path));
    contents.remove_prefix(static_cast<size_t>(n));
  }
  return absl::OkStatus();
}

absl::Status WriteStored(const std::string& path, absl::string_view contents, mode_t mode) {
  ORCH_RETURN_IF_ERROR(CreateStored(path, contents, mode));
  ORCH_ASSIGN_OR_RETURN(const UniqueFd file, OpenStored(path, contents.size()));
  return SyncOpened(file, path);
}

absl::Status SyncFiles(const std::string& directory) {
  std::vector<std::pair<std::string, UniqueFd>> files;
  std::error_code error;
  for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
    ORCH_ASSIGN_OR_RETURN(UniqueFd file, OpenStored(it->path()));
    // Begins, and does not wait. What fails here fails again below.
    ::sync_file_range(file.get(), 0, 0, SYNC_FILE_RANGE_WRITE);
    files.emplace_back(it->path(), std::move(file));
  }
  if (error) return absl::ErrnoToStatus(error.value(), absl::StrCat("cannot list ", directory));
  for (const auto& [path, file] : files) ORCH_RETURN_IF_ERROR(SyncOpened(file, path));
  return SyncDirectory(directory);
}

absl::Status SyncOpened(const UniqueFd& file, const std::string& path) {
  if (::fsync(file.get()) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot sync ", path));
  }
  return absl::OkStatus();
}

absl::Status SyncDirectory(const std::string& path) {
  const UniqueFd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid()) return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", path));
  return SyncOpened(directory, path);
}

absl::Status RenameDurably(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot rename ", from, " to ", to));
  }
  return SyncDirectory(fs::path(to).parent_path());
}

uint64_t DiskBytes(const std::string& directory, SharedFiles shared) {
  uint64_t bytes = 0;
  std::error_code error;
  for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
    struct stat info;
    if (::lstat(it->path().c_str(), &info) != 0) continue;
    if (info.st_nlink > 1 && shared == SharedFiles::kLeaveOut) continue;
    bytes += static_cast<uint64_t>(info.st_blocks) * kStatBlockBytes;
  }
  return bytes;
}

}  // namespace orch
