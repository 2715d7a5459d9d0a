#pragma once

#include <string>
#include <vector>

#include "orchestrator/orchctl/command.h"

namespace orch::ctl {

// `orchctl browsers standby`: puts browsers to sleep one after the other.
class BrowsersStandbyCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  std::vector<std::string> session_ids_;
  bool disk_ = false;
};

}  // namespace orch::ctl
