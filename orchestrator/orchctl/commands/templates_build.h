#pragma once

#include "orchestrator/orchctl/command.h"
#include "orchestrator/orchctl/parse/browser_options.h"
#include "orchestrator/v1/templates.pb.h"

namespace orch::ctl {

// `orchctl templates build`: makes a template ahead of its first browser.
class TemplatesBuildCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::Status Check(const Settings& settings) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  BrowserOptions browser_;
  orchestrator::v1::BuildTemplateRequest request_;
};

}  // namespace orch::ctl
