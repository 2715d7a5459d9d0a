#pragma once

#include <string>
#include <vector>

#include "orchestrator/orchctl/command.h"
#include "orchestrator/v1/browsers.pb.h"

namespace orch::ctl {

// `orchctl browsers list`: all pages of the list in one.
class BrowsersListCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  absl::StatusOr<std::vector<orchestrator::v1::Browser>> ListAll(Invocation& invocation) const;

  std::vector<std::string> states_;
  bool all_ = false;
  bool quiet_ = false;
};

}  // namespace orch::ctl
