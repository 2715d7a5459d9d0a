#pragma once

#include <string>

#include "orchestrator/orchctl/command.h"

namespace orch::ctl {

// `orchctl process wait`: waits for a process and exits as it did.
class ProcessWaitCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  int ErrorExit() const override { return kExitOwnError; }
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  std::string session_id_;
  std::string process_id_;
};

}  // namespace orch::ctl
