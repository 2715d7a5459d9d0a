#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "guest/v1/computer.pb.h"
#include "orchestrator/orchctl/command.h"

namespace orch::ctl {

// `orchctl computer drag`: moves the mouse with a button down.
class ComputerDragCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::Status Check(const Settings& settings) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  std::string session_id_;
  std::vector<std::string> path_;
  std::string button_;
  std::string delay_;
  std::string step_delay_;
  std::string duration_;
  std::vector<std::string> hold_keys_;
  uint32_t steps_ = 0;
  bool straight_ = false;
  guest::v1::DragMouseRequest request_;
};

}  // namespace orch::ctl
