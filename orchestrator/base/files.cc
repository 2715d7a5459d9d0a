#include "orchestrator/base/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/random_id.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/base/unique_fd.h"

namespace orch {
namespace {

absl::StatusOr<UniqueFd> OpenForReading(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", path));
  return fd;
}

// Reads until the end of the file or `max_bytes`.
absl::StatusOr<std::string> ReadUpTo(const UniqueFd& fd, const std::string& path,
                                     size_t max_bytes) {
  std::string contents;
  char buffer[65536];
  while (contents.size() < max_bytes) {
    const ssize_t n =
        ::read(fd.get(), buffer, std::min(sizeof buffer, max_bytes - contents.size()));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot read ", path));
    if (n == 0) break;
    contents.append(buffer, static_cast<size_t>(n));
  }
  return contents;
}

absl::Status WriteAll(const UniqueFd& fd, const std::string& path, absl::string_view contents) {
  while (!contents.empty()) {
    const ssize_t n = ::write(fd.get(), contents.data(), contents.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot write ", path));
    contents.remove_prefix(static_cast<size_t>(n));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> ReadFile(const std::string& path, size_t max_bytes) {
  ORCH_ASSIGN_OR_RETURN(UniqueFd fd, OpenForReading(path));
  ORCH_ASSIGN_OR_RETURN(std::string contents,
                        ReadUpTo(fd, path, max_bytes == SIZE_MAX ? max_bytes : max_bytes + 1));
  if (contents.size() > max_bytes) {
    return absl::ResourceExhaustedError(
        absl::StrCat(path, " is larger than ", max_bytes, " bytes"));
  }
  return contents;
}

absl::StatusOr<std::string> ReadFileTail(const std::string& path, size_t max_bytes) {
  ORCH_ASSIGN_OR_RETURN(UniqueFd fd, OpenForReading(path));
  const off_t size = ::lseek(fd.get(), 0, SEEK_END);
  if (size < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot seek in ", path));
  const off_t start = std::max<off_t>(0, size - static_cast<off_t>(max_bytes));
  if (::lseek(fd.get(), start, SEEK_SET) < 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot seek in ", path));
  }
  return ReadUpTo(fd, path, max_bytes);
}

absl::Status WriteFileAtomically(const std::string& path, absl::string_view contents, mode_t mode) {
  const std::string temporary = absl::StrCat(path, ".", RandomId(8), ".tmp");
  UniqueFd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!fd.valid()) return absl::ErrnoToStatus(errno, absl::StrCat("cannot create ", temporary));
  absl::Cleanup remove = [&] { ::unlink(temporary.c_str()); };
  ORCH_RETURN_IF_ERROR(WriteAll(fd, temporary, contents));
  if (::fsync(fd.get()) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot sync ", temporary));
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot rename ", temporary, " to ", path));
  }
  std::move(remove).Cancel();
  return absl::OkStatus();
}

absl::Status RemoveAll(const std::string& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) return absl::ErrnoToStatus(error.value(), absl::StrCat("cannot remove ", path));
  return absl::OkStatus();
}

}  // namespace orch
