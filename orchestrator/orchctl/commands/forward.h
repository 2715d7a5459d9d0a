#pragma once

#include <string>

#include "orchestrator/orchctl/command.h"
#include "orchestrator/orchctl/parse/values.h"

namespace orch::ctl {

// `orchctl forward`: a local TCP port that leads into the guest; see Forwarder.
class ForwardCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::Status Check(const Settings& settings) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  std::string session_id_;
  std::string ports_text_;
  PortForward ports_;
};

}  // namespace orch::ctl
