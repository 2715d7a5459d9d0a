#include "orchestrator/orchctl/each_browser.h"

#include <utility>

#include "absl/time/clock.h"

#include "orchestrator/base/annotate.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/exit_status.h"
#include "orchestrator/orchctl/format/browser_tables.h"
#include "orchestrator/orchctl/format/json.h"

namespace orch::ctl {

using ::orchestrator::v1::Browser;

absl::StatusOr<int> ForEachBrowser(
    Invocation& invocation, const std::vector<std::string>& session_ids,
    absl::FunctionRef<absl::StatusOr<Browser>(const std::string&)> call) {
  std::vector<Browser> browsers;
  int exit_status = kExitOk;
  for (const std::string& session_id : session_ids) {
    absl::StatusOr<Browser> browser = call(session_id);
    if (browser.ok()) {
      browsers.push_back(*std::move(browser));
    } else {
      invocation.Report(Annotate(browser.status(), session_id));
      exit_status = kExitError;
    }
  }
  ORCH_RETURN_IF_ERROR(invocation.Print(invocation.json()  ? ToJson(Pointers(browsers))
                                        : browsers.empty() ? ""
                                                           : BrowserTable(browsers, absl::Now())));
  return exit_status;
}

}  // namespace orch::ctl
