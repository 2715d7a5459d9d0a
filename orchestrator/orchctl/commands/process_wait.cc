#include "orchestrator/orchctl/commands/process_wait.h"

#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/format/process_tables.h"
#include "orchestrator/orchctl/parse/id_arguments.h"

namespace orch::ctl {

using ::guest::v1::Process;
using ::guest::v1::ProcessService;

void ProcessWaitCommand::Configure(CLI::App& app) {
  AddSessionId(app, session_id_);
  AddProcessId(app, process_id_);
  app.footer(R"(
Exit status: the process's own; 128+N when signal N ended it; 124 when its
timeout passed; 125 when something went wrong on the way, --deadline among it,
which leaves the process running; 2 wrong usage.

Examples:
  orchctl process wait ID PID
  orchctl --deadline 10s process wait ID PID)");
}

absl::StatusOr<int> ProcessWaitCommand::Run(Invocation& invocation) {
  guest::v1::WaitRequest request;
  request.set_session_id(session_id_);
  request.set_process_id(process_id_);
  ORCH_ASSIGN_OR_RETURN(const Process process, invocation.Call(invocation.connection().processes(),
                                                               &ProcessService::Stub::Wait, request,
                                                               absl::InfiniteDuration()));
  ORCH_ASSIGN_OR_RETURN(const int exit_status, ExitStatusOf(process));
  ORCH_RETURN_IF_ERROR(invocation.Print(process, absl::StrCat(ProcessEnd(process), "\n")));
  return exit_status;
}

}  // namespace orch::ctl
