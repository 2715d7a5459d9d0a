#pragma once

#include <cstdint>
#include <string>

#include "guest/v1/computer.pb.h"
#include "orchestrator/orchctl/command.h"

namespace orch::ctl {

// `orchctl computer screenshot`: saves what the screen shows.
class ComputerScreenshotCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::Status Check(const Settings& settings) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  std::string session_id_;
  std::string file_;
  std::string region_;
  std::string format_ = "png";
  uint32_t quality_ = 0;
  double scale_ = 0;
  guest::v1::CaptureScreenshotRequest request_;
};

}  // namespace orch::ctl
