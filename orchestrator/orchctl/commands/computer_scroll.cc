#include "orchestrator/orchctl/commands/computer_scroll.h"

#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/parse/computer_options.h"
#include "orchestrator/orchctl/parse/id_arguments.h"

namespace orch::ctl {

using ::guest::v1::ComputerService;

namespace {

constexpr int32_t kMaxNotches = 1000;

}  // namespace

void ComputerScrollCommand::Configure(CLI::App& app) {
  AddSessionId(app, session_id_);
  app.add_option("AT", at_, "X,Y on the screen; where the mouse is when it is not there");
  app.add_option("--up", up_, "Notches of the wheel")->type_name("N");
  app.add_option("--down", down_, "")->type_name("N");
  app.add_option("--left", left_, "")->type_name("N");
  app.add_option("--right", right_, "")->type_name("N");
  AddHoldKeys(app, hold_keys_);
  app.footer(R"(
Examples:
  orchctl computer scroll ID 640,480 --down 3
  orchctl computer scroll ID --up 1 --hold ctrl)");
}

absl::Status ComputerScrollCommand::Check(const Settings&) {
  request_.set_session_id(session_id_);
  guest::v1::WheelScroll& scroll = *request_.mutable_scroll();
  if (!at_.empty()) {
    ORCH_ASSIGN_OR_RETURN(*scroll.mutable_at(), ParsePoint(at_));
  }
  for (const int32_t notches : {up_, down_, left_, right_}) {
    if (notches < 0 || notches > kMaxNotches) {
      return absl::InvalidArgumentError(
          absl::StrCat("notches must be 0..", kMaxNotches, ", such as --down 3"));
    }
  }
  scroll.set_delta_x(right_ - left_);
  scroll.set_delta_y(down_ - up_);
  if (scroll.delta_x() == 0 && scroll.delta_y() == 0) {
    return absl::InvalidArgumentError("say where to and how far, such as --down 3");
  }
  *scroll.mutable_hold_keys() = {hold_keys_.begin(), hold_keys_.end()};
  return absl::OkStatus();
}

absl::StatusOr<int> ComputerScrollCommand::Run(Invocation& invocation) {
  ORCH_ASSIGN_OR_RETURN(const guest::v1::ScrollResponse response,
                        invocation.Call(invocation.connection().computer(),
                                        &ComputerService::Stub::Scroll, request_));
  ORCH_RETURN_IF_ERROR(invocation.Print(response, ""));
  return kExitOk;
}

}  // namespace orch::ctl
