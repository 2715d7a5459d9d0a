#include "orchestrator/orchctl/commands/computer_drag.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/parse/computer_options.h"
#include "orchestrator/orchctl/parse/id_arguments.h"

namespace orch::ctl {

using ::guest::v1::ComputerService;

namespace {

// The steps take at most a minute.
constexpr absl::Duration kLongCall = absl::Minutes(3);

}  // namespace

void ComputerDragCommand::Configure(CLI::App& app) {
  AddSessionId(app, session_id_);
  app.add_option("PATH", path_, "X,Y of two or more places on the screen")->required();
  AddMouseButton(app, button_);
  app.add_flag("--straight", straight_, "In straight lines and evenly, not in a curve");
  app.add_option("--steps", steps_, "Steps from one place to the next (default 10)")
      ->type_name("N");
  CLI::Option* step_delay =
      app.add_option("--step-delay", step_delay_, "Time of a step (default 50ms)")
          ->type_name("DURATION");
  app.add_option("--duration", duration_, "Time of all steps together, 50ms to 10s")
      ->type_name("DURATION")
      ->excludes(step_delay);
  app.add_option("--delay", delay_, "Wait between pressing and moving")->type_name("DURATION");
  AddHoldKeys(app, hold_keys_);
  app.footer(R"(
Examples:
  orchctl computer drag ID 100,100 400,100
  orchctl computer drag ID 100,100 400,100 400,300 --straight --duration 2s)");
}

absl::Status ComputerDragCommand::Check(const Settings&) {
  request_.set_session_id(session_id_);
  guest::v1::MouseDrag& drag = *request_.mutable_drag();
  for (const std::string& place : path_) {
    ORCH_ASSIGN_OR_RETURN(*drag.add_path(), ParsePoint(place));
  }
  drag.set_button(ToMouseButton(button_));
  drag.set_smooth(!straight_);
  drag.set_steps_per_segment(steps_);
  if (!delay_.empty()) {
    ORCH_ASSIGN_OR_RETURN(const uint32_t delay_ms, ParseMilliseconds(delay_));
    drag.set_delay_ms(delay_ms);
  }
  if (!step_delay_.empty()) {
    ORCH_ASSIGN_OR_RETURN(const uint32_t step_delay_ms, ParseMilliseconds(step_delay_));
    drag.set_step_delay_ms(step_delay_ms);
  }
  if (!duration_.empty()) {
    ORCH_ASSIGN_OR_RETURN(const uint32_t duration_ms, ParseMilliseconds(duration_));
    drag.set_duration_ms(duration_ms);
  }
  *drag.mutable_hold_keys() = {hold_keys_.begin(), hold_keys_.end()};
  return absl::OkStatus();
}

absl::StatusOr<int> ComputerDragCommand::Run(Invocation& invocation) {
  ORCH_ASSIGN_OR_RETURN(const guest::v1::DragMouseResponse response,
                        invocation.Call(invocation.connection().computer(),
                                        &ComputerService::Stub::DragMouse, request_, kLongCall));
  ORCH_RETURN_IF_ERROR(invocation.Print(response, ""));
  return kExitOk;
}

}  // namespace orch::ctl
