#pragma once

#include "orchestrator/orchctl/command.h"

namespace orch::ctl {

// `orchctl node`: what the host is and what it carries.
class NodeCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;
};

}  // namespace orch::ctl
