#include "orchestrator/driver/libvirt/console_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/base/unique_fd.h"

namespace orch {

namespace {

struct ConsoleLog {
  UniqueFd fd;
  struct stat stat = {};
};

// NOT_FOUND: there is none.
absl::StatusOr<ConsoleLog> OpenConsoleLog(const std::string& path, int flags) {
  ConsoleLog log{
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

absl::StatusOr<std::string> ReadEnd(const ConsoleLog& log, const std::string& path,
                                    size_t max_bytes) {
  const size_t size = std::min(max_bytes, static_cast<size_t>(log.stat.st_size));
  off_t offset = log.stat.st_size - static_cast<off_t>(size);
  std::string tail(size, '\0');
  size_t done = 0;
  while (done < size) {
    const ssize_t n = ::pread(log.fd.get(), tail.data() + done, size - done, offset);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot read ", path));
    if (n == 0) break;  // It was cut meanwhile.
    done += static_cast<size_t>(n);
    offset += n;
  }
  tail.resize(done);
  return tail;
}

}  // namespace

absl::StatusOr<std::string> ReadConsoleTail(const std::string& path, size_t max_bytes) {
  const absl::StatusOr<ConsoleLog> log = OpenConsoleLog(path, O_RDONLY);
  if (absl::IsNotFound(log.status())) return "";
  ORCH_RETURN_IF_ERROR(log.status());
  return ReadEnd(*log, path, max_bytes);
}

absl::Status TrimConsoleLog(const std::string& path, uid_t owner) {
  const absl::StatusOr<ConsoleLog> log = OpenConsoleLog(path, O_RDWR | O_APPEND);
  if (absl::IsNotFound(log.status())) return absl::OkStatus();
  ORCH_RETURN_IF_ERROR(log.status());
  if (log->stat.st_size <= kMaxConsoleBytes) return absl::OkStatus();
  // The machine's user could give the name to another's file: never cut what is not its own.
  if ((log->stat.st_uid != owner && log->stat.st_uid != ::geteuid()) || log->stat.st_nlink != 1) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, " has another owner or another name; it is not cut"));
  }
  ORCH_ASSIGN_OR_RETURN(const std::string tail, ReadEnd(*log, path, kKeptConsoleBytes));
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
