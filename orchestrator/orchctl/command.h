#pragma once

#include "CLI/App.hpp"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "orchestrator/orchctl/exit_status.h"
#include "orchestrator/orchctl/invocation.h"

namespace orch::ctl {

// One command of orchctl. It holds its own options; CommandLine owns it and calls, in this order,
// Configure, then Check and Run when it was the one that was typed. Not thread-safe.
class Command {
 public:
  virtual ~Command() = default;

  // Adds options, arguments and examples to the command's place in the tree. `app` outlives this.
  virtual void Configure(CLI::App& app) = 0;

  // Parses and checks what was typed, without a call to the daemon. An error is one of usage.
  virtual absl::Status Check(const Settings&) { return absl::OkStatus(); }

  // Does the work and returns the exit status. An error is reported by the caller and gives
  // ErrorExit().
  virtual absl::StatusOr<int> Run(Invocation& invocation) = 0;

  // Whether a guest's command line follows "--".
  virtual bool TakesGuestCommand() const { return false; }

  // What orchctl exits with when Run fails.
  virtual int ErrorExit() const { return kExitError; }
};

}  // namespace orch::ctl
