#pragma once

#include <string>

#include "guest/v1/process.pb.h"
#include "orchestrator/orchctl/command.h"
#include "orchestrator/orchctl/parse/process_options.h"

namespace orch::ctl {

// `orchctl process spawn`: starts a guest command and leaves it alone.
class ProcessSpawnCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::Status Check(const Settings& settings) override;
  bool TakesGuestCommand() const override { return true; }
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  std::string session_id_;
  ProcessOptions options_;
  bool stdin_ = false;
  bool block_ = false;
  bool tty_ = false;
  guest::v1::SpawnRequest request_;
};

}  // namespace orch::ctl
