#pragma once

#include <string>

#include "orchestrator/orchctl/command.h"

namespace orch::ctl {

// `orchctl replays download`: fetches a recording as an MP4 file.
class ReplaysDownloadCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::Status Check(const Settings& settings) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  std::string session_id_;
  std::string replay_id_;
  std::string file_;
};

}  // namespace orch::ctl
