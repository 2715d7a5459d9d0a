#pragma once

#include <string>

#include "guest/v1/process.pb.h"
#include "orchestrator/orchctl/command.h"

namespace orch::ctl {

// `orchctl process kill`: sends a signal to a process's group.
class ProcessKillCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::Status Check(const Settings& settings) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  std::string session_id_;
  std::string process_id_;
  std::string signal_ = "TERM";
  std::string scope_;
  std::string grace_;
  std::string wait_;
  guest::v1::SignalRequest request_;
};

}  // namespace orch::ctl
