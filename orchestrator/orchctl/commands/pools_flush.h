#pragma once

#include <string>

#include "orchestrator/orchctl/command.h"

namespace orch::ctl {

// `orchctl pools flush`: deletes the idle browsers of a pool.
class PoolsFlushCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  std::string pool_;
};

}  // namespace orch::ctl
