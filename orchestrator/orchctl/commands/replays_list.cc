#include "orchestrator/orchctl/commands/replays_list.h"

#include <vector>

#include "absl/time/clock.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/format/json.h"
#include "orchestrator/orchctl/format/replay_tables.h"
#include "orchestrator/orchctl/parse/id_arguments.h"

namespace orch::ctl {

using ::guest::v1::ListReplaysResponse;
using ::guest::v1::ReplayService;

void ReplaysListCommand::Configure(CLI::App& app) {
  AddSessionId(app, session_id_);
  app.footer(R"(
Oldest first.

Examples:
  orchctl replays list ID
  orchctl replays list ID -o json | jq -r '.[].replay_id')");
}

absl::StatusOr<int> ReplaysListCommand::Run(Invocation& invocation) {
  guest::v1::ListReplaysRequest request;
  request.set_session_id(session_id_);
  ORCH_ASSIGN_OR_RETURN(
      const ListReplaysResponse response,
      invocation.Call(invocation.connection().replays(), &ReplayService::Stub::List, request));
  const std::vector<guest::v1::Replay> replays(response.replays().begin(),
                                               response.replays().end());
  ORCH_RETURN_IF_ERROR(invocation.Print(invocation.json() ? ToJson(Pointers(replays))
                                                          : ReplayTable(replays, absl::Now())));
  return kExitOk;
}

}  // namespace orch::ctl
