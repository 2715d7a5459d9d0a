#pragma once

#include <string>
#include <vector>

#include "guest/v1/computer.pb.h"
#include "orchestrator/orchctl/command.h"

namespace orch::ctl {

// `orchctl computer key`: presses keys and combinations of them.
class ComputerKeyCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::Status Check(const Settings& settings) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  std::string session_id_;
  std::vector<std::string> keys_;
  std::string duration_;
  std::vector<std::string> hold_keys_;
  guest::v1::PressKeyRequest request_;
};

}  // namespace orch::ctl
