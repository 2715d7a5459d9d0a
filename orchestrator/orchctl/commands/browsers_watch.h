#pragma once

#include <string>

#include "orchestrator/orchctl/command.h"

namespace orch::ctl {

// `orchctl browsers watch`: prints changes of state until it is interrupted, or until the browser
// it watches has ended.
class BrowsersWatchCommand : public Command {
 public:
  void Configure(CLI::App& app) override;
  absl::StatusOr<int> Run(Invocation& invocation) override;

 private:
  // Prints one stream's events. OK: the browser that is watched has ended. RESOURCE_EXHAUSTED: call
  // again.
  absl::Status WatchOnce(Invocation& invocation) const;

  std::string session_id_;
};

}  // namespace orch::ctl
