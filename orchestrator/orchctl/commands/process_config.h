#pragma once

#include <string>

#include "guest/v1/process.pb.h"
#include "orchestrator/orchctl/command.h"

namespace orch::ctl {

// `orchctl process config`: shows and changes the limits of a browser's processes.
class ProcessConfigCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::Status Check(const Settings& settings) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  std::string session_id_;
  std::string default_exec_timeout_;
  std::string max_timeout_;
  std::string ended_record_age_;
  guest::v1::ProcessConfig changes_;
};

}  // namespace orch::ctl
