#pragma once

#include "orchestrator/orchctl/command.h"
#include "orchestrator/orchctl/parse/browser_options.h"
#include "orchestrator/v1/browsers.pb.h"

namespace orch::ctl {

// `orchctl browsers create`: creates a browser and waits until it is ready.
class BrowsersCreateCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::Status Check(const Settings& settings) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  BrowserOptions browser_;
  bool no_wait_ = false;
  orchestrator::v1::CreateBrowserRequest request_;
};

}  // namespace orch::ctl
