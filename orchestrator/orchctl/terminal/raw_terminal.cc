#include "orchestrator/orchctl/terminal/raw_terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

namespace orch::ctl {

bool RawTerminal::is_terminal() const { return ::isatty(fd_) == 1; }

void RawTerminal::Enter() {
  absl::MutexLock lock(&mutex_);
  termios settings;
  if (::tcgetattr(fd_, &settings) != 0) return;
  settings_ = settings;
  ::cfmakeraw(&settings);
  ::tcsetattr(fd_, TCSADRAIN, &settings);
}

void RawTerminal::Restore() {
  absl::MutexLock lock(&mutex_);
  if (settings_) ::tcsetattr(fd_, TCSADRAIN, &*settings_);
  settings_.reset();
}

std::optional<guest::v1::PtySize> RawTerminal::size() const {
  winsize window = {};
  if (::ioctl(fd_, TIOCGWINSZ, &window) != 0 || window.ws_row == 0 || window.ws_col == 0) {
    return std::nullopt;
  }
  guest::v1::PtySize size;
  size.set_rows(window.ws_row);
  size.set_cols(window.ws_col);
  return size;
}

}  // namespace orch::ctl
