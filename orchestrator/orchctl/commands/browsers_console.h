#pragma once

#include <string>

#include "orchestrator/orchctl/command.h"

namespace orch::ctl {

// `orchctl browsers console`: prints what a guest writes to its serial console.
class BrowsersConsoleCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  std::string session_id_;
  bool follow_ = false;
};

}  // namespace orch::ctl
