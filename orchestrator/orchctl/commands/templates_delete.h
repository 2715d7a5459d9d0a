#pragma once

#include <string>
#include <vector>

#include "orchestrator/orchctl/command.h"

namespace orch::ctl {

// `orchctl templates delete`: deletes templates one after the other. What fails is reported and
// does not keep the rest.
class TemplatesDeleteCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  std::vector<std::string> keys_;
};

}  // namespace orch::ctl
