#pragma once

#include <string>

#include "guest/v1/playwright.pb.h"
#include "orchestrator/orchctl/command.h"

namespace orch::ctl {

// `orchctl playwright run`: runs a script inside a browser's machine, against its browser.
class PlaywrightRunCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::Status Check(const Settings& settings) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  std::string session_id_;
  std::string file_;
  std::string timeout_;
  guest::v1::ExecuteRequest request_;
};

}  // namespace orch::ctl
