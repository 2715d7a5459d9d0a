#pragma once

#include <string>
#include <vector>

#include "orchestrator/orchctl/command.h"

namespace orch::ctl {

// `orchctl keys revoke`: one after the other. What fails is reported and does not keep the rest.
class KeysRevokeCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  std::vector<std::string> ids_;
};

}  // namespace orch::ctl
