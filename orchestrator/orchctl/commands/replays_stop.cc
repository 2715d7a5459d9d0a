#include "orchestrator/orchctl/commands/replays_stop.h"

#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/parse/id_arguments.h"

namespace orch::ctl {

using ::guest::v1::Replay;
using ::guest::v1::ReplayService;

void ReplaysStopCommand::Configure(CLI::App& app) {
  AddSessionId(app, session_id_);
  AddReplayId(app, replay_id_);
  app.footer(R"(
One that has ended already is left as it is.

Examples:
  orchctl replays stop ID REPLAY)");
}

absl::StatusOr<int> ReplaysStopCommand::Run(Invocation& invocation) {
  guest::v1::StopReplayRequest request;
  request.set_session_id(session_id_);
  request.set_replay_id(replay_id_);
  ORCH_ASSIGN_OR_RETURN(const Replay replay, invocation.Call(invocation.connection().replays(),
                                                             &ReplayService::Stub::Stop, request,
                                                             absl::InfiniteDuration()));
  if (replay.state() == guest::v1::REPLAY_STATE_FAILED) {
    return absl::InternalError(absl::StrCat("the recording has failed: ", replay.error()));
  }
  ORCH_RETURN_IF_ERROR(invocation.Print(replay, ""));
  return kExitOk;
}

}  // namespace orch::ctl
