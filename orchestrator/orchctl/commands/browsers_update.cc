#include "orchestrator/orchctl/commands/browsers_update.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/format/browser_tables.h"
#include "orchestrator/orchctl/parse/id_arguments.h"
#include "orchestrator/orchctl/parse/values.h"

namespace orch::ctl {

using ::orchestrator::v1::Browser;
using ::orchestrator::v1::BrowserService;

void BrowsersUpdateCommand::Configure(CLI::App& app) {
  AddSessionId(app, session_id_);
  app.add_option(
         "--timeout", timeout_,
         "Delete it when a client holds it and nothing was active for this long, 10s to 72h")
      ->type_name("DURATION");
  app.add_option("--standby-after", standby_after_,
                 "Put it to sleep when nothing was active for this long, or never")
      ->type_name("DURATION");
  app.add_option("--viewport", viewport_, "Give its screen this size, which Chromium follows")
      ->type_name("WxH");
  app.add_flag("--force", force_,
               "Change the size though a replay is being recorded, which goes on in a new one");
  app.footer(R"(
What is not typed stays as it is.

Examples:
  orchctl browsers update ID --timeout 1h
  orchctl browsers update ID --standby-after never
  orchctl browsers update ID --viewport 1280x800)");
}

absl::Status BrowsersUpdateCommand::Check(const Settings&) {
  if (timeout_.empty() && standby_after_.empty() && viewport_.empty()) {
    return absl::InvalidArgumentError(
        "there is nothing to change: give --timeout, --standby-after or --viewport");
  }
  request_.set_session_id(session_id_);
  if (!timeout_.empty()) {
    ORCH_ASSIGN_OR_RETURN(const uint32_t seconds, ParseSeconds(timeout_));
    request_.set_timeout_seconds(seconds);
  }
  if (!standby_after_.empty()) {
    ORCH_ASSIGN_OR_RETURN(const StandbyAfter standby, ParseStandbyAfter(standby_after_));
    request_.set_standby_disabled(standby.never);
    if (!standby.never) SetDuration(standby.after, *request_.mutable_standby_after());
  }
  if (!viewport_.empty()) {
    ORCH_ASSIGN_OR_RETURN(*request_.mutable_viewport(), ParseViewport(viewport_));
  }
  request_.set_force_viewport(force_);
  return absl::OkStatus();
}

absl::StatusOr<int> BrowsersUpdateCommand::Run(Invocation& invocation) {
  ORCH_ASSIGN_OR_RETURN(const Browser browser,
                        invocation.Call(invocation.connection().browsers(),
                                        &BrowserService::Stub::UpdateBrowser, request_));
  ORCH_RETURN_IF_ERROR(invocation.Print(browser, BrowserDetails(browser)));
  return kExitOk;
}

}  // namespace orch::ctl
