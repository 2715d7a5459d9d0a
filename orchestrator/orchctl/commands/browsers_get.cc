#include "orchestrator/orchctl/commands/browsers_get.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/format/browser_tables.h"
#include "orchestrator/orchctl/parse/id_arguments.h"

namespace orch::ctl {

using ::orchestrator::v1::Browser;
using ::orchestrator::v1::BrowserService;

void BrowsersGetCommand::Configure(CLI::App& app) {
  AddSessionId(app, session_id_);
  app.footer(R"(
The record of a deleted browser is kept and shown.

Examples:
  orchctl browsers get ID
  orchctl browsers get ID -o json | jq -r .state)");
}

absl::StatusOr<int> BrowsersGetCommand::Run(Invocation& invocation) {
  orchestrator::v1::GetBrowserRequest request;
  request.set_session_id(session_id_);
  ORCH_ASSIGN_OR_RETURN(const Browser browser,
                        invocation.Call(invocation.connection().browsers(),
                                        &BrowserService::Stub::GetBrowser, request));
  ORCH_RETURN_IF_ERROR(invocation.Print(browser, BrowserDetails(browser)));
  return kExitOk;
}

}  // namespace orch::ctl
