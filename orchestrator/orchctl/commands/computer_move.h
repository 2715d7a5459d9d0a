#pragma once

#include <string>
#include <vector>

#include "guest/v1/computer.pb.h"
#include "orchestrator/orchctl/command.h"

namespace orch::ctl {

// `orchctl computer move`: moves the mouse, as a hand would.
class ComputerMoveCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::Status Check(const Settings& settings) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  std::string session_id_;
  std::string to_;
  std::string duration_;
  std::vector<std::string> hold_keys_;
  bool instant_ = false;
  guest::v1::MoveMouseRequest request_;
};

}  // namespace orch::ctl
