#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "orchestrator/agent/child/user_database.h"
#include "orchestrator/base/unique_fd.h"

namespace orch::agent {

// In characters; each 1..65535.
struct TerminalSize {
  uint16_t rows = 24;
  uint16_t cols = 80;
};

// A terminal without hardware: what is written to `controller` is typed on `terminal`, and the
// reverse is shown. The controller is non-blocking.
struct PseudoTerminal {
  UniqueFd controller;
  UniqueFd terminal;

  // The terminal belongs to `user`, so that a program can open it again as /dev/tty or by its name.
  // RESOURCE_EXHAUSTED: the kernel gives no more of them. FAILED_PRECONDITION: /dev/pts is not
  // mounted.
  static absl::StatusOr<PseudoTerminal> Open(TerminalSize size, const User& user);
};

// Tells the terminal of this controller its size; its foreground processes get SIGWINCH.
absl::Status SetTerminalSize(const UniqueFd& controller, TerminalSize size);

}  // namespace orch::agent
