#pragma once

#include <cstdint>
#include <string>

#include "guest/v1/replay.pb.h"
#include "orchestrator/orchctl/command.h"

namespace orch::ctl {

// `orchctl replays start`: begins to record a browser's screen.
class ReplaysStartCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::Status Check(const Settings& settings) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  std::string session_id_;
  uint32_t frame_rate_ = 0;
  std::string max_duration_;
  uint64_t max_mib_ = 0;
  guest::v1::StartReplayRequest request_;
};

}  // namespace orch::ctl
