#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "guest/v1/computer.pb.h"
#include "orchestrator/orchctl/command.h"

namespace orch::ctl {

// `orchctl computer scroll`: turns the wheel of the mouse.
class ComputerScrollCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::Status Check(const Settings& settings) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  std::string session_id_;
  std::string at_;
  std::vector<std::string> hold_keys_;
  int32_t up_ = 0;
  int32_t down_ = 0;
  int32_t left_ = 0;
  int32_t right_ = 0;
  guest::v1::ScrollRequest request_;
};

}  // namespace orch::ctl
