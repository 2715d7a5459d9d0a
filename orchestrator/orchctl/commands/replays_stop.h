#pragma once

#include <string>

#include "orchestrator/orchctl/command.h"

namespace orch::ctl {

// `orchctl replays stop`: ends a recording and waits until its file is complete.
class ReplaysStopCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  std::string session_id_;
  std::string replay_id_;
};

}  // namespace orch::ctl
