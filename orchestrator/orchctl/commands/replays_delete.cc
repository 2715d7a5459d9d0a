#include "orchestrator/orchctl/commands/replays_delete.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/parse/id_arguments.h"

namespace orch::ctl {

using ::guest::v1::ReplayService;

void ReplaysDeleteCommand::Configure(CLI::App& app) {
  AddSessionId(app, session_id_);
  AddReplayId(app, replay_id_);
  app.footer(R"(
One that is still being made ends.

Examples:
  orchctl replays delete ID REPLAY)");
}

absl::StatusOr<int> ReplaysDeleteCommand::Run(Invocation& invocation) {
  guest::v1::DeleteReplayRequest request;
  request.set_session_id(session_id_);
  request.set_replay_id(replay_id_);
  ORCH_RETURN_IF_ERROR(
      invocation.Call(invocation.connection().replays(), &ReplayService::Stub::Delete, request)
          .status());
  return kExitOk;
}

}  // namespace orch::ctl
