#include "orchestrator/orchctl/commands/process_delete.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/parse/id_arguments.h"

namespace orch::ctl {

using ::guest::v1::ProcessService;

void ProcessDeleteCommand::Configure(CLI::App& app) {
  AddSessionId(app, session_id_);
  AddProcessIds(app, process_ids_);
  app.footer(R"(
Ended processes are forgotten by themselves after a while; see "process config".

Examples:
  orchctl process delete ID PID)");
}

absl::StatusOr<int> ProcessDeleteCommand::Run(Invocation& invocation) {
  for (const std::string& process_id : process_ids_) {
    guest::v1::DeleteRequest request;
    request.set_session_id(session_id_);
    request.set_process_id(process_id);
    ORCH_RETURN_IF_ERROR(
        invocation.Call(invocation.connection().processes(), &ProcessService::Stub::Delete, request)
            .status());
  }
  return kExitOk;
}

}  // namespace orch::ctl
