#pragma once

#include <string>
#include <vector>

#include "orchestrator/orchctl/command.h"

namespace orch::ctl {

// `orchctl process delete`: forgets ended processes and their output.
class ProcessDeleteCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  std::string session_id_;
  std::vector<std::string> process_ids_;
};

}  // namespace orch::ctl
