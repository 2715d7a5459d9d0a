#include "orchestrator/orchctl/commands/computer_move.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/parse/computer_options.h"
#include "orchestrator/orchctl/parse/id_arguments.h"

namespace orch::ctl {

using ::guest::v1::ComputerService;

void ComputerMoveCommand::Configure(CLI::App& app) {
  AddSessionId(app, session_id_);
  app.add_option("TO", to_, "X,Y on the screen")->required();
  CLI::Option* instant = app.add_flag("--instant", instant_, "Be there at once");
  app.add_option("--duration", duration_, "How long it takes, 50ms to 5s (default by its length)")
      ->type_name("DURATION")
      ->excludes(instant);
  AddHoldKeys(app, hold_keys_);
  app.footer(R"(
Examples:
  orchctl computer move ID 640,480
  orchctl computer move ID 640,480 --duration 1s)");
}

absl::Status ComputerMoveCommand::Check(const Settings&) {
  request_.set_session_id(session_id_);
  guest::v1::MouseMove& move = *request_.mutable_move();
  ORCH_ASSIGN_OR_RETURN(*move.mutable_to(), ParsePoint(to_));
  move.set_smooth(!instant_);
  if (!duration_.empty()) {
    ORCH_ASSIGN_OR_RETURN(const uint32_t duration_ms, ParseMilliseconds(duration_));
    move.set_duration_ms(duration_ms);
  }
  *move.mutable_hold_keys() = {hold_keys_.begin(), hold_keys_.end()};
  return absl::OkStatus();
}

absl::StatusOr<int> ComputerMoveCommand::Run(Invocation& invocation) {
  ORCH_ASSIGN_OR_RETURN(const guest::v1::MoveMouseResponse response,
                        invocation.Call(invocation.connection().computer(),
                                        &ComputerService::Stub::MoveMouse, request_));
  ORCH_RETURN_IF_ERROR(invocation.Print(response, ""));
  return kExitOk;
}

}  // namespace orch::ctl
