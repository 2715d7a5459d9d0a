#include "orchestrator/orchctl/commands/browsers_standby.h"

#include "orchestrator/orchctl/each_browser.h"
#include "orchestrator/orchctl/parse/id_arguments.h"

namespace orch::ctl {

using ::orchestrator::v1::BrowserService;

void BrowsersStandbyCommand::Configure(CLI::App& app) {
  AddSessionIds(app, session_ids_);
  app.add_flag("--disk", disk_, "Down to the disk, which frees their memory");
  app.footer(R"(
Pauses browsers; the daemon moves those that stay paused to the disk by itself.
Calls under way are waited for until --deadline. The next call wakes a browser.
What fails is reported and does not keep the rest; the exit status is then 1.

Examples:
  orchctl browsers standby ID
  orchctl browsers standby --disk $(orchctl browsers list --state READY -q))");
}

absl::StatusOr<int> BrowsersStandbyCommand::Run(Invocation& invocation) {
  return ForEachBrowser(invocation, session_ids_, [&](const std::string& session_id) {
    orchestrator::v1::StandbyBrowserRequest request;
    request.set_session_id(session_id);
    request.set_level(disk_ ? orchestrator::v1::STANDBY_LEVEL_DISK
                            : orchestrator::v1::STANDBY_LEVEL_PAUSED);
    return invocation.Call(invocation.connection().browsers(),
                           &BrowserService::Stub::StandbyBrowser, request);
  });
}

}  // namespace orch::ctl
