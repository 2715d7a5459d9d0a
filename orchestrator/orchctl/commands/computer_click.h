#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "guest/v1/computer.pb.h"
#include "orchestrator/orchctl/command.h"

namespace orch::ctl {

// `orchctl computer click`: presses and releases a button of the mouse.
class ComputerClickCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::Status Check(const Settings& settings) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  std::string session_id_;
  std::string at_;
  std::string button_;
  std::vector<std::string> hold_keys_;
  uint32_t count_ = 1;
  bool down_ = false;
  bool up_ = false;
  guest::v1::ClickMouseRequest request_;
};

}  // namespace orch::ctl
