#include "orchestrator/driver/libvirt/console_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/base/unique_fd.h"

namespace orch {

namespace {

struct LogFile {
  UniqueFd fd;
  struct stat stat = {};
};

// NOT_FOUND: there is none.
absl::StatusOr<LogFile> OpenLogFile(const std::string& path, int flags) {
  LogFile log{
      .fd = UniqueFd(::open(path.c_str(), flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC))};
  if (!log.fd.valid()) {
    if (errno == ELOOP) {
      return absl::FailedPreconditionError(absl::StrCat(path, " is a link, not a console log"));
    }
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", path));
  }
  if (::fstat(log.fd.get(), &log.stat) < 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot stat ", path));
  }
  if (!S_ISREG(log.stat.st_mode)) {
    return absl::FailedPreconditionError(absl::StrCat(path, " is not a regular file"));
  }
  return log;
}

// At most `size` bytes from `offset` on; fewer when the log ends before, or was cut.
absl::StatusOr<std::string> ReadAt(int fd, const std::string& path, off_t offset, size_t size) {
  std::string bytes(size, '\0');
  size_t done = 0;
  while (done < size) {
    const ssize_t n =
        ::pread(fd, bytes.data() + done, size - done, offset + static_cast<off_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot read ", path));
    if (n == 0) break;
    done += static_cast<size_t>(n);
  }
  bytes.resize(done);
  return bytes;
}

class LogConsole : public VmConsole {
 public:
  LogConsole(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  absl::StatusOr<ConsoleChunk> Read(uint64_t offset, size_t max_bytes) override {
    struct stat stat = {};
    if (::fstat(fd_.get(), &stat) < 0) {
      return absl::ErrnoToStatus(errno, absl::StrCat("cannot stat ", path_));
    }
    ConsoleChunk chunk;
    chunk.end = static_cast<uint64_t>(stat.st_size);
    chunk.offset = offset > chunk.end ? 0 : offset;
    const size_t size =
        static_cast<size_t>(std::min<uint64_t>(max_bytes, chunk.end - chunk.offset));
    ORCH_ASSIGN_OR_RETURN(chunk.bytes,
                          ReadAt(fd_.get(), path_, static_cast<off_t>(chunk.offset), size));
    return chunk;
  }

 private:
  const UniqueFd fd_;
  const std::string path_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<VmConsole>> OpenConsoleLog(const std::string& path) {
  ORCH_ASSIGN_OR_RETURN(LogFile log, OpenLogFile(path, O_RDONLY));
  return std::make_unique<LogConsole>(std::move(log.fd), path);
}

absl::Status TrimConsoleLog(const std::string& path, uid_t owner) {
  const absl::StatusOr<LogFile> log = OpenLogFile(path, O_RDWR | O_APPEND);
  if (absl::IsNotFound(log.status())) return absl::OkStatus();
  ORCH_RETURN_IF_ERROR(log.status());
  if (log->stat.st_size <= kMaxConsoleBytes) return absl::OkStatus();
  // The machine's user could give the name to another's file: never cut what is not its own.
  if ((log->stat.st_uid != owner && log->stat.st_uid != ::geteuid()) || log->stat.st_nlink != 1) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, " has another owner or another name; it is not cut"));
  }
  const off_t kept = static_cast<off_t>(kKeptConsoleBytes);
  ORCH_ASSIGN_OR_RETURN(const std::string tail,
                        ReadAt(log->fd.get(), path, log->stat.st_size - kept, kKeptConsoleBytes));
  if (::ftruncate(log->fd.get(), 0) < 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot cut ", path));
  }
  // One write: a short one, on a full disk, loses old console output only.
  if (::write(log->fd.get(), tail.data(), tail.size()) < 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot write ", path));
  }
  return absl::OkStatus();
}

}  // namespace orch
