#pragma once

#include <string>

#include "absl/status/statusor.h"

#include "orchestrator/daemon/config.h"

namespace orch {

// What the daemon was asked to do.
struct CommandLine {
  enum class Action {
    kRun,
    kCheckConfig,
    // --help and --version: print `text` and stop.
    kPrint,
  };
  Action action = Action::kRun;
  Config config;
  std::string text;
};

// Flags before environment before file before defaults. INVALID_ARGUMENT says which flag, variable
// or key is wrong.
absl::StatusOr<CommandLine> ParseCommandLine(int argc, const char* const* argv);

}  // namespace orch
