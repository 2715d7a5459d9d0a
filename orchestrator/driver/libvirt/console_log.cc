#include "orchestrator/driver/libvirt/console_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/unique_fd.h"

namespace orch {

absl::StatusOr<std::string> ReadConsoleTail(const std::string& path, size_t max_bytes) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!fd.valid()) {
    if (errno == ENOENT) return "";
    if (errno == ELOOP) {
      return absl::FailedPreconditionError(absl::StrCat(path, " is a link, not a console log"));
    }
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", path));
  }
  struct stat stat = {};
  if (::fstat(fd.get(), &stat) < 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot stat ", path));
  }
  if (!S_ISREG(stat.st_mode)) {
    return absl::FailedPreconditionError(absl::StrCat(path, " is not a regular file"));
  }
  const size_t size = std::min(max_bytes, static_cast<size_t>(stat.st_size));
  off_t offset = stat.st_size - static_cast<off_t>(size);
  std::string tail(size, '\0');
  size_t done = 0;
  while (done < size) {
    const ssize_t n = ::pread(fd.get(), tail.data() + done, size - done, offset);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot read ", path));
    if (n == 0) break;  // It was cut meanwhile.
    done += static_cast<size_t>(n);
    offset += n;
  }
  tail.resize(done);
  return tail;
}

}  // namespace orch
