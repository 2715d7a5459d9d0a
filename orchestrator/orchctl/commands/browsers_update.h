#pragma once

#include <string>

#include "orchestrator/orchctl/command.h"
#include "orchestrator/v1/browsers.pb.h"

namespace orch::ctl {

// `orchctl browsers update`: changes when a browser sleeps and ends, and its screen.
class BrowsersUpdateCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::Status Check(const Settings& settings) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  std::string session_id_;
  std::string timeout_;
  std::string standby_after_;
  std::string viewport_;
  bool force_ = false;
  orchestrator::v1::UpdateBrowserRequest request_;
};

}  // namespace orch::ctl
