#pragma once

#include <cstdint>
#include <string>

#include "orchestrator/orchctl/command.h"

namespace orch::ctl {

// `orchctl process logs`: prints what a process wrote, to the stream it wrote it to.
class ProcessLogsCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  std::string session_id_;
  std::string process_id_;
  bool follow_ = false;
  uint64_t since_ = 0;
};

}  // namespace orch::ctl
