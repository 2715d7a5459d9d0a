#include "orchestrator/orchctl/commands/replays_start.h"

#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/format/printable.h"
#include "orchestrator/orchctl/parse/id_arguments.h"
#include "orchestrator/orchctl/parse/values.h"

namespace orch::ctl {

using ::guest::v1::Replay;
using ::guest::v1::ReplayService;

void ReplaysStartCommand::Configure(CLI::App& app) {
  AddSessionId(app, session_id_);
  app.add_option("--frame-rate", frame_rate_, "Frames per second, 1 to 60 (default 10)")
      ->type_name("N");
  app.add_option("--max-duration", max_duration_, "It ends by itself after this long (default 1h)")
      ->type_name("DURATION");
  app.add_option("--max-size", max_mib_, "It ends by itself at about this size (default 512)")
      ->type_name("MIB");
  app.footer(R"(
Prints the id of the recording, which the other replays commands take as REPLAY,
when the first frame is recorded. While the browser sleeps, no time passes in it.

Examples:
  replay=$(orchctl replays start ID --frame-rate 25 --max-duration 10m)
  orchctl replays stop ID $replay)");
}

absl::Status ReplaysStartCommand::Check(const Settings&) {
  request_.set_session_id(session_id_);
  request_.set_frame_rate(frame_rate_);
  request_.set_max_bytes(max_mib_ << 20);
  if (max_duration_.empty()) return absl::OkStatus();
  ORCH_ASSIGN_OR_RETURN(const absl::Duration max_duration, ParseTimeout(max_duration_));
  SetDuration(max_duration, *request_.mutable_max_duration());
  return absl::OkStatus();
}

absl::StatusOr<int> ReplaysStartCommand::Run(Invocation& invocation) {
  ORCH_ASSIGN_OR_RETURN(
      const Replay replay,
      invocation.Call(invocation.connection().replays(), &ReplayService::Stub::Start, request_));
  ORCH_RETURN_IF_ERROR(invocation.Print(replay, absl::StrCat(Printable(replay.replay_id()), "\n")));
  return kExitOk;
}

}  // namespace orch::ctl
