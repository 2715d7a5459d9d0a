#include "orchestrator/orchctl/commands/browsers_resume.h"

#include "orchestrator/orchctl/each_browser.h"
#include "orchestrator/orchctl/parse/id_arguments.h"

namespace orch::ctl {

using ::orchestrator::v1::BrowserService;

void BrowsersResumeCommand::Configure(CLI::App& app) {
  AddSessionIds(app, session_ids_);
  app.footer(R"(
Any call to a browser wakes it: this is for waking it ahead of one. What fails is
reported and does not keep the rest; the exit status is then 1.

Examples:
  orchctl browsers resume ID
  orchctl browsers resume $(orchctl browsers list --state STANDBY -q))");
}

absl::StatusOr<int> BrowsersResumeCommand::Run(Invocation& invocation) {
  return ForEachBrowser(invocation, session_ids_, [&](const std::string& session_id) {
    orchestrator::v1::ResumeBrowserRequest request;
    request.set_session_id(session_id);
    return invocation.Call(invocation.connection().browsers(), &BrowserService::Stub::ResumeBrowser,
                           request);
  });
}

}  // namespace orch::ctl
