#pragma once

#include <string>

#include "orchestrator/orchctl/command.h"

namespace orch::ctl {

// `orchctl keys create`: prints the secret alone, so that it can be kept in a variable.
class KeysCreateCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  std::string name_;
};

}  // namespace orch::ctl
