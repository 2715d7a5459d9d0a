#include "orchestrator/orchctl/top/screen.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/orchctl/format/printable.h"
#include "orchestrator/orchctl/write_all.h"

namespace orch::ctl {
namespace {

// The alternate screen, no cursor, no wrapping at the right edge; and the way back.
constexpr absl::string_view kEnter = "\x1b[?1049h\x1b[?25l\x1b[?7l";
constexpr absl::string_view kLeave = "\x1b[?7h\x1b[?25h\x1b[?1049l";
constexpr absl::string_view kHome = "\x1b[H";
constexpr absl::string_view kEraseToEndOfLine = "\x1b[K";
constexpr absl::string_view kEraseBelow = "\x1b[J";
constexpr absl::string_view kBold = "\x1b[1m";
constexpr absl::string_view kNormal = "\x1b[0m";

}  // namespace

absl::StatusOr<std::unique_ptr<Screen>> Screen::Open(int in, int out) {
  if (::isatty(out) != 1) return absl::FailedPreconditionError("the output is no terminal");
  auto screen = absl::WrapUnique(new Screen(in, out));
  if (absl::Status entered = WriteAll(out, kEnter); !entered.ok()) return entered;
  return screen;
}

Screen::Screen(int in, int out) : in_(in), out_(out) {
  termios settings;
  if (::tcgetattr(in_, &settings) != 0) return;
  settings_ = settings;
  // Keys come one by one, and only where there are some. Ctrl-C stays a signal.
  settings.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  settings.c_cc[VMIN] = 0;
  settings.c_cc[VTIME] = 0;
  settings.c_cc[VSUSP] = _POSIX_VDISABLE;
  ::tcsetattr(in_, TCSANOW, &settings);
}

Screen::~Screen() { Restore(); }

void Screen::Restore() {
  absl::MutexLock lock(&mutex_);
  if (restored_) return;
  restored_ = true;
  WriteAll(out_, kLeave).IgnoreError();
  if (settings_.has_value()) ::tcsetattr(in_, TCSAFLUSH, &*settings_);
}

Screen::Size Screen::size() const {
  winsize window = {};
  if (::ioctl(out_, TIOCGWINSZ, &window) != 0 || window.ws_row == 0 || window.ws_col == 0) {
    return Size();
  }
  return {.rows = window.ws_row, .columns = window.ws_col};
}

absl::Status Screen::Draw(const std::vector<Line>& lines) {
  const std::string frame = RenderFrame(lines, size());
  absl::MutexLock lock(&mutex_);
  return restored_ ? absl::OkStatus() : WriteAll(out_, frame);
}

bool Screen::Typed(char key) {
  if (!settings_.has_value()) return false;
  char keys[64];
  const ssize_t count = ::read(in_, keys, sizeof(keys));
  return count > 0 && std::find(keys, keys + count, key) != keys + count;
}

absl::string_view CutToWidth(absl::string_view printable, size_t columns) {
  for (size_t i = 0; i < printable.size(); ++i) {
    const bool begins = (static_cast<unsigned char>(printable[i]) & 0xC0) != 0x80;
    if (begins && columns-- == 0) return printable.substr(0, i);
  }
  return printable;
}

std::string RenderFrame(const std::vector<Screen::Line>& lines, Screen::Size size) {
  std::string frame(kHome);
  const size_t rows = std::min(lines.size(), size.rows);
  for (size_t row = 0; row < rows; ++row) {
    const absl::string_view text = CutToWidth(lines[row].text, size.columns);
    absl::StrAppend(&frame, row == 0 ? "" : "\r\n", lines[row].bold ? kBold : "", text,
                    lines[row].bold ? kNormal : "");
    // After a full row the cursor stays on its last cell, which erasing would blank.
    if (DisplayWidth(text) < size.columns) absl::StrAppend(&frame, kEraseToEndOfLine);
  }
  // A full screen has nothing below.
  if (rows < size.rows) absl::StrAppend(&frame, rows == 0 ? "" : "\r\n", kEraseBelow);
  return frame;
}

}  // namespace orch::ctl
