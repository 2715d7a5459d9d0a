#pragma once

#include <cstdint>
#include <string>

#include "orchestrator/orchctl/command.h"

namespace orch::ctl {

// `orchctl browsers fork`: makes browsers with what another one has in memory and on its disk.
class BrowsersForkCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  std::string session_id_;
  uint32_t count_ = 1;
  bool quiet_ = false;
};

}  // namespace orch::ctl
