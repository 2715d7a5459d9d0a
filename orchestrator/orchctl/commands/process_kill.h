#pragma once

#include <string>

#include "orchestrator/orchctl/command.h"

namespace orch::ctl {

// `orchctl process kill`: sends a signal to a process's group.
class ProcessKillCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  std::string session_id_;
  std::string process_id_;
  std::string signal_ = "TERM";
};

}  // namespace orch::ctl
