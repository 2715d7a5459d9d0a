#pragma once

#include <string>
#include <vector>

#include "guest/v1/process.pb.h"
#include "orchestrator/orchctl/command.h"

namespace orch::ctl {

// `orchctl process ps`: all pages of a guest's process list in one.
class ProcessPsCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  absl::StatusOr<std::vector<guest::v1::Process>> ListAll(Invocation& invocation) const;

  std::string session_id_;
  bool running_ = false;
};

}  // namespace orch::ctl
