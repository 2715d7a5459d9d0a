#include "orchestrator/orchctl/write_all.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

namespace orch::ctl {

absl::Status WriteAll(int fd, absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written >= 0) {
      bytes.remove_prefix(static_cast<size_t>(written));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      pollfd writable = {.fd = fd, .events = POLLOUT};
      ::poll(&writable, 1, -1);
    } else if (errno == EPIPE) {
      return absl::AbortedError("the reader of the output has gone");
    } else if (errno != EINTR) {
      return absl::ErrnoToStatus(errno, absl::StrCat("cannot write to descriptor ", fd));
    }
  }
  return absl::OkStatus();
}

}  // namespace orch::ctl
