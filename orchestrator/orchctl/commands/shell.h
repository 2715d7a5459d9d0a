#pragma once

#include <string>

#include "guest/v1/process.pb.h"
#include "orchestrator/orchctl/command.h"
#include "orchestrator/orchctl/parse/process_options.h"

namespace orch::ctl {

// `orchctl shell`: a login shell of the guest on this terminal; see AttachSession.
class ShellCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::Status Check(const Settings& settings) override;
  int ErrorExit() const override { return kExitOwnError; }
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  std::string session_id_;
  ProcessOptions options_;
  guest::v1::SpawnRequest request_;
};

}  // namespace orch::ctl
