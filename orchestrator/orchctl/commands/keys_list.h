#pragma once

#include "orchestrator/orchctl/command.h"

namespace orch::ctl {

// `orchctl keys list`: never a secret.
class KeysListCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  bool quiet_ = false;
};

}  // namespace orch::ctl
