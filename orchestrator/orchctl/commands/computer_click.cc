#include "orchestrator/orchctl/commands/computer_click.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/parse/computer_options.h"
#include "orchestrator/orchctl/parse/id_arguments.h"

namespace orch::ctl {

using ::guest::v1::ComputerService;

void ComputerClickCommand::Configure(CLI::App& app) {
  AddSessionId(app, session_id_);
  app.add_option("AT", at_, "X,Y on the screen; where the mouse is when it is not there");
  AddMouseButton(app, button_);
  app.add_option("-n,--count", count_, "Clicks in quick succession (default 1)")->type_name("N");
  CLI::Option* down = app.add_flag("--down", down_, "Press the button and leave it down");
  app.add_flag("--up", up_, "Release the button only")->excludes(down);
  AddHoldKeys(app, hold_keys_);
  app.footer(R"(
Examples:
  orchctl computer click ID 640,480
  orchctl computer click ID 640,480 -n 2
  orchctl computer click ID 10,10 --button right --hold ctrl)");
}

absl::Status ComputerClickCommand::Check(const Settings&) {
  request_.set_session_id(session_id_);
  guest::v1::MouseClick& click = *request_.mutable_click();
  if (!at_.empty()) {
    ORCH_ASSIGN_OR_RETURN(*click.mutable_at(), ParsePoint(at_));
  }
  click.set_button(ToMouseButton(button_));
  if (down_) click.set_type(guest::v1::CLICK_TYPE_DOWN);
  if (up_) click.set_type(guest::v1::CLICK_TYPE_UP);
  click.set_num_clicks(count_);
  *click.mutable_hold_keys() = {hold_keys_.begin(), hold_keys_.end()};
  return absl::OkStatus();
}

absl::StatusOr<int> ComputerClickCommand::Run(Invocation& invocation) {
  ORCH_ASSIGN_OR_RETURN(const guest::v1::ClickMouseResponse response,
                        invocation.Call(invocation.connection().computer(),
                                        &ComputerService::Stub::ClickMouse, request_));
  ORCH_RETURN_IF_ERROR(invocation.Print(response, ""));
  return kExitOk;
}

}  // namespace orch::ctl
