#include "orchestrator/orchctl/commands/process_kill.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/parse/id_arguments.h"

namespace orch::ctl {

using ::guest::v1::Process;
using ::guest::v1::ProcessService;

void ProcessKillCommand::Configure(CLI::App& app) {
  AddSessionId(app, session_id_);
  AddProcessId(app, process_id_);
  app.add_option("-s,--signal", signal_, "Name or number (default TERM)")->type_name("SIGNAL");
  app.footer(R"(
Examples:
  orchctl process kill ID PID
  orchctl process kill ID PID --signal KILL)");
}

absl::StatusOr<int> ProcessKillCommand::Run(Invocation& invocation) {
  guest::v1::SignalRequest request;
  request.set_session_id(session_id_);
  request.set_process_id(process_id_);
  request.set_signal(signal_);
  ORCH_ASSIGN_OR_RETURN(
      const Process process,
      invocation.Call(invocation.connection().processes(), &ProcessService::Stub::Signal, request));
  ORCH_RETURN_IF_ERROR(invocation.Print(process, ""));
  return kExitOk;
}

}  // namespace orch::ctl
