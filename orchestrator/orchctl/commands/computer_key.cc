#include "orchestrator/orchctl/commands/computer_key.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/parse/computer_options.h"
#include "orchestrator/orchctl/parse/id_arguments.h"

namespace orch::ctl {

using ::guest::v1::ComputerService;

void ComputerKeyCommand::Configure(CLI::App& app) {
  AddSessionId(app, session_id_);
  app.add_option("KEY", keys_, "Such as Return, F5, a, ctrl+shift+t")->required()->type_name("");
  app.add_option("--duration", duration_, "Hold all of them together for so long, up to 30s")
      ->type_name("DURATION");
  AddHoldKeys(app, hold_keys_);
  app.footer(R"(
Keys have the names of X keysyms, or are single characters. Without --duration
they are pressed one after the other.

Examples:
  orchctl computer key ID ctrl+l
  orchctl computer key ID Tab Tab Return
  orchctl computer key ID space --duration 2s)");
}

absl::Status ComputerKeyCommand::Check(const Settings&) {
  request_.set_session_id(session_id_);
  guest::v1::KeyPress& press = *request_.mutable_press();
  *press.mutable_keys() = {keys_.begin(), keys_.end()};
  if (!duration_.empty()) {
    ORCH_ASSIGN_OR_RETURN(const uint32_t duration_ms, ParseMilliseconds(duration_));
    press.set_duration_ms(duration_ms);
  }
  *press.mutable_hold_keys() = {hold_keys_.begin(), hold_keys_.end()};
  return absl::OkStatus();
}

absl::StatusOr<int> ComputerKeyCommand::Run(Invocation& invocation) {
  ORCH_ASSIGN_OR_RETURN(const guest::v1::PressKeyResponse response,
                        invocation.Call(invocation.connection().computer(),
                                        &ComputerService::Stub::PressKey, request_));
  ORCH_RETURN_IF_ERROR(invocation.Print(response, ""));
  return kExitOk;
}

}  // namespace orch::ctl
