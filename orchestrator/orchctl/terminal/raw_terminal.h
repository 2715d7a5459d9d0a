#pragma once

#include <termios.h>

#include <optional>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

#include "guest/v1/process.pb.h"

namespace orch::ctl {

// A terminal that passes on what is typed as it is, until this is destroyed: no echo, no lines, no
// signals of its own. Of a descriptor that is no terminal, nothing is changed. Thread-safe.
class RawTerminal {
 public:
  explicit RawTerminal(int fd) : fd_(fd) {}
  ~RawTerminal() { Restore(); }
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;

  bool is_terminal() const;
  // Call once.
  void Enter() ABSL_LOCKS_EXCLUDED(mutex_);
  // Gives the terminal back as it was. Idempotent.
  void Restore() ABSL_LOCKS_EXCLUDED(mutex_);

  // As it is now; absent where there is no terminal, or it has no size.
  std::optional<guest::v1::PtySize> size() const;

 private:
  const int fd_;
  absl::Mutex mutex_;
  // As it was.
  std::optional<termios> settings_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace orch::ctl
