#pragma once

#include "orchestrator/orchctl/command.h"

namespace orch::ctl {

// `orchctl top`: pools and browsers as they change, on a terminal; elsewhere once.
class TopCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::Status Check(const Settings& settings) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  absl::StatusOr<int> Show(Invocation& invocation);
};

}  // namespace orch::ctl
