#include "orchestrator/agent/child/pseudo_terminal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "orchestrator/base/errno_status.h"
#include "orchestrator/base/status_macros.h"

namespace orch::agent {
namespace {

// As login(1) leaves it: others may not write to it.
constexpr mode_t kTerminalMode = 0600;

}  // namespace

absl::StatusOr<PseudoTerminal> PseudoTerminal::Open(TerminalSize size, const User& user) {
  PseudoTerminal pty;
  pty.controller.Reset(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
  if (!pty.controller.valid() && (errno == ENOENT || errno == ENODEV)) {
    return absl::FailedPreconditionError("the guest has no /dev/ptmx: its image mounts no devpts");
  }
  if (!pty.controller.valid()) {
    return absl::ResourceExhaustedError(
        ErrnoStatus(errno, "cannot open a terminal; end a process that has one").message());
  }
  if (::unlockpt(pty.controller.get()) != 0) return ErrnoStatus(errno, "cannot unlock a terminal");
  // Without its name, which another mount of /dev/pts may have given away.
  pty.terminal.Reset(::ioctl(pty.controller.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!pty.terminal.valid()) return ErrnoStatus(errno, "cannot open a terminal");
  if (::fchown(pty.terminal.get(), user.uid, user.gid) != 0 ||
      ::fchmod(pty.terminal.get(), kTerminalMode) != 0) {
    return ErrnoStatus(errno, "cannot give a terminal to its user");
  }
  ORCH_RETURN_IF_ERROR(SetTerminalSize(pty.controller, size));
  return pty;
}

absl::Status SetTerminalSize(const UniqueFd& controller, TerminalSize size) {
  const winsize window = {.ws_row = size.rows, .ws_col = size.cols, .ws_xpixel = 0, .ws_ypixel = 0};
  if (::ioctl(controller.get(), TIOCSWINSZ, &window) == 0) return absl::OkStatus();
  return ErrnoStatus(errno, "cannot set the size of a terminal");
}

}  // namespace orch::agent
