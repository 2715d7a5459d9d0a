#include "orchestrator/orchctl/commands/browsers_create.h"

#include <memory>

#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/format/browser_tables.h"
#include "orchestrator/orchctl/progress.h"

namespace orch::ctl {

using ::orchestrator::v1::Browser;
using ::orchestrator::v1::BrowserService;

void BrowsersCreateCommand::Configure(CLI::App& app) {
  browser_.Configure(app);
  app.add_flag("--no-wait", no_wait_, "Return at once, while the browser boots");
  app.footer(R"(
Waits until the browser is ready and prints it.

Examples:
  orchctl browsers create --headless --memory 1024
  orchctl browsers create --viewport 1280x720 --kiosk
  id=$(orchctl browsers create -o json | jq -r .session_id))");
}

absl::Status BrowsersCreateCommand::Check(const Settings&) {
  ORCH_ASSIGN_OR_RETURN(*request_.mutable_spec(), browser_.Spec());
  request_.set_wait(!no_wait_);
  return absl::OkStatus();
}

absl::StatusOr<int> BrowsersCreateCommand::Run(Invocation& invocation) {
  BrowserService::Stub& browsers = invocation.connection().browsers();
  auto progress = std::make_unique<Progress>("creating a browser");
  absl::StatusOr<Browser> browser = invocation.Call(browsers, &BrowserService::Stub::CreateBrowser,
                                                    request_, absl::InfiniteDuration());
  progress.reset();
  ORCH_RETURN_IF_ERROR(browser.status());
  ORCH_RETURN_IF_ERROR(invocation.Print(*browser, BrowserDetails(*browser)));
  if (browser->state() == orchestrator::v1::BROWSER_STATE_FAILED) {
    return absl::AbortedError(
        absl::StrCat("browser ", browser->session_id(), " failed: ", browser->failure_reason()));
  }
  return kExitOk;
}

}  // namespace orch::ctl
