#pragma once

#include <string>

#include "orchestrator/orchctl/command.h"

namespace orch::ctl {

// `orchctl replays list`: lists a browser's recordings.
class ReplaysListCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  std::string session_id_;
};

}  // namespace orch::ctl
