#pragma once

#include <string>

#include "orchestrator/orchctl/command.h"

namespace orch::ctl {

// `orchctl pools release`: gives a browser back to its pool.
class PoolsReleaseCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  std::string pool_;
  std::string session_id_;
  bool discard_ = false;
  bool reset_ = false;
};

}  // namespace orch::ctl
