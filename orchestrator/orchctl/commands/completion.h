#pragma once

#include <string>

#include "orchestrator/orchctl/command.h"

namespace orch::ctl {

// `orchctl completion`: prints a completion script made from the tree of commands.
class CompletionCommand : public Command {
 public:
  // `root` is the whole tree; it outlives this.
  explicit CompletionCommand(const CLI::App& root) : root_(root) {}

  void Configure(CLI::App& app) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  const CLI::App& root_;
  std::string shell_;
};

}  // namespace orch::ctl
