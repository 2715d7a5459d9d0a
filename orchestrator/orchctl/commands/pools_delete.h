#pragma once

#include <string>
#include <vector>

#include "orchestrator/orchctl/command.h"

namespace orch::ctl {

// `orchctl pools delete`: deletes pools one after the other. What fails is reported and does not
// keep the rest.
class PoolsDeleteCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  std::vector<std::string> pools_;
  bool force_ = false;
};

}  // namespace orch::ctl
