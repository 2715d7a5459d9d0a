#pragma once

#include <cstdint>
#include <string>

#include "orchestrator/orchctl/command.h"

namespace orch::ctl {

// `orchctl cdp`: asks Chromium's DevTools HTTP endpoint for its version, through a tunnel.
class CdpCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  std::string session_id_;
  uint16_t port_ = 9222;
};

}  // namespace orch::ctl
