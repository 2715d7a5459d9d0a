#pragma once

#include <string>

#include "guest/v1/computer.pb.h"
#include "orchestrator/orchctl/command.h"

namespace orch::ctl {

// `orchctl computer batch`: does many actions with one call.
class ComputerBatchCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::Status Check(const Settings& settings) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  std::string session_id_;
  std::string file_;
  guest::v1::RunBatchRequest request_;
};

}  // namespace orch::ctl
