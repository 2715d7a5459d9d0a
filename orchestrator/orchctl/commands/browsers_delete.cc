#include "orchestrator/orchctl/commands/browsers_delete.h"

#include "orchestrator/orchctl/each_browser.h"
#include "orchestrator/orchctl/parse/id_arguments.h"

namespace orch::ctl {

using ::orchestrator::v1::BrowserService;

void BrowsersDeleteCommand::Configure(CLI::App& app) {
  AddSessionIds(app, session_ids_);
  app.footer(R"(
A browser that has ended is left as it is. When one cannot be deleted the others
still are, and the exit status is 1.

Examples:
  orchctl browsers delete ID
  orchctl browsers delete $(orchctl browsers list -q))");
}

absl::StatusOr<int> BrowsersDeleteCommand::Run(Invocation& invocation) {
  return ForEachBrowser(invocation, session_ids_, [&](const std::string& session_id) {
    orchestrator::v1::DeleteBrowserRequest request;
    request.set_session_id(session_id);
    return invocation.Call(invocation.connection().browsers(), &BrowserService::Stub::DeleteBrowser,
                           request);
  });
}

}  // namespace orch::ctl
