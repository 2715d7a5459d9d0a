#pragma once

#include <string>

#include "orchestrator/orchctl/command.h"

namespace orch::ctl {

// `orchctl process attach`: joins this terminal to a process's; see AttachSession.
class ProcessAttachCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::Status Check(const Settings& settings) override;
  int ErrorExit() const override { return kExitOwnError; }
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  std::string session_id_;
  std::string process_id_;
  bool from_start_ = false;
};

}  // namespace orch::ctl
