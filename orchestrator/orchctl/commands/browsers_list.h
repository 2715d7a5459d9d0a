#pragma once

#include <string>
#include <vector>

#include "orchestrator/orchctl/command.h"

namespace orch::ctl {

// `orchctl browsers list`: all pages of the list in one.
class BrowsersListCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  std::vector<std::string> states_;
  bool all_ = false;
  bool quiet_ = false;
};

}  // namespace orch::ctl
