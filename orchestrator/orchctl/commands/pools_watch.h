#pragma once

#include <string>

#include "orchestrator/orchctl/command.h"

namespace orch::ctl {

// `orchctl pools watch`: prints a pool as it changes until it is interrupted, or until the pool is
// deleted.
class PoolsWatchCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  // Prints one stream. OK: the pool was deleted. RESOURCE_EXHAUSTED: call again.
  absl::Status WatchOnce(Invocation& invocation) const;

  std::string pool_;
};

}  // namespace orch::ctl
