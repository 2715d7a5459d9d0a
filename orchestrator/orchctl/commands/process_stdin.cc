#include "orchestrator/orchctl/commands/process_stdin.h"

#include <unistd.h>

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/parse/id_arguments.h"
#include "orchestrator/orchctl/stdin_pump.h"

namespace orch::ctl {

void ProcessStdinCommand::Configure(CLI::App& app) {
  AddSessionId(app, session_id_);
  AddProcessId(app, process_id_);
  app.footer(R"(
The process must have been started with "orchctl process spawn --stdin". Its
input is closed at the end of ours.

Examples:
  orchctl process stdin ID PID < file)");
}

absl::StatusOr<int> ProcessStdinCommand::Run(Invocation& invocation) {
  StdinPump pump(invocation.connection().processes(), session_id_, process_id_, STDIN_FILENO);
  ORCH_ASSIGN_OR_RETURN(const uint64_t written_bytes, pump.Run());
  guest::v1::WriteStdinResponse response;
  response.set_written_bytes(written_bytes);
  ORCH_RETURN_IF_ERROR(invocation.Print(response, ""));
  return kExitOk;
}

}  // namespace orch::ctl
