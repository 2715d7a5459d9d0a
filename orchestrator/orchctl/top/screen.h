#pragma once

#include <termios.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"

namespace orch::ctl {

// The whole of a terminal, in place of what it shows, until this is destroyed: the alternate
// screen, without cursor, echo and Ctrl-Z. Plain ANSI; what every terminal of this century
// understands.
//
// For one thread, but for Restore. Nobody else may write to the terminal meanwhile.
class Screen {
 public:
  struct Size {
    size_t rows = 24;
    size_t columns = 80;
    friend bool operator==(const Size&, const Size&) = default;
  };

  // One row; `text` is Printable.
  struct Line {
    std::string text;
    bool bold = false;
  };

  // `in` is where keys come from; it need not be a terminal. FAILED_PRECONDITION: `out` is none.
  static absl::StatusOr<std::unique_ptr<Screen>> Open(int in, int out);
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  // As it is now: the user may change it.
  Size size() const;

  // Shows `lines` from the top, cut off where the screen ends. Blocks while the terminal does.
  absl::Status Draw(const std::vector<Line>& lines);

  // Whether `key` is among the keys typed since the last call.
  bool Typed(char key);

  // Gives the terminal back as it was; nothing is drawn any more. Thread-safe, idempotent.
  void Restore() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  Screen(int in, int out);

  const int in_;
  const int out_;
  // Of `in_`; absent where it is no terminal.
  std::optional<termios> settings_;
  absl::Mutex mutex_;
  bool restored_ ABSL_GUARDED_BY(mutex_) = false;
};

// What Draw writes: each line cut to the size, and the rest of the screen erased.
std::string RenderFrame(const std::vector<Screen::Line>& lines, Screen::Size size);

// The first `columns` code points of `printable`.
absl::string_view CutToWidth(absl::string_view printable, size_t columns);

}  // namespace orch::ctl
