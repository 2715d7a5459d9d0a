#include "orchestrator/orchctl/commands/browsers_delete.h"

#include <utility>

#include "absl/time/clock.h"

#include "orchestrator/base/annotate.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/format/browser_tables.h"
#include "orchestrator/orchctl/format/json.h"
#include "orchestrator/orchctl/parse/id_arguments.h"

namespace orch::ctl {

using ::orchestrator::v1::Browser;
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
  std::vector<Browser> deleted;
  int exit_status = kExitOk;
  for (const std::string& session_id : session_ids_) {
    orchestrator::v1::DeleteBrowserRequest request;
    request.set_session_id(session_id);
    absl::StatusOr<Browser> browser = invocation.Call(
        invocation.connection().browsers(), &BrowserService::Stub::DeleteBrowser, request);
    if (browser.ok()) {
      deleted.push_back(*std::move(browser));
    } else {
      invocation.Report(Annotate(browser.status(), session_id));
      exit_status = kExitError;
    }
  }
  ORCH_RETURN_IF_ERROR(invocation.Print(invocation.json() ? ToJson(Pointers(deleted))
                                        : deleted.empty() ? ""
                                                          : BrowserTable(deleted, absl::Now())));
  return exit_status;
}

}  // namespace orch::ctl
