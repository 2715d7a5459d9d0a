#pragma once

#include <string>
#include <vector>

#include "orchestrator/orchctl/command.h"

namespace orch::ctl {

// `orchctl browsers delete`: deletes browsers one after the other. What fails is reported and does
// not keep the rest.
class BrowsersDeleteCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  std::vector<std::string> session_ids_;
};

}  // namespace orch::ctl
