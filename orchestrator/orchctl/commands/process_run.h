#pragma once

#include <string>

#include "guest/v1/process.pb.h"
#include "orchestrator/orchctl/command.h"
#include "orchestrator/orchctl/parse/process_options.h"

namespace orch::ctl {

// `orchctl process run`: runs a guest command on a terminal joined to this one; see AttachSession.
class ProcessRunCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::Status Check(const Settings& settings) override;
  bool TakesGuestCommand() const override { return true; }
  int ErrorExit() const override { return kExitOwnError; }
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  std::string session_id_;
  ProcessOptions options_;
  guest::v1::SpawnRequest request_;
};

}  // namespace orch::ctl
