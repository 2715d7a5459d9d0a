#include "orchestrator/orchctl/commands/process_attach.h"

#include <memory>

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/parse/id_arguments.h"
#include "orchestrator/orchctl/terminal/attach_session.h"

namespace orch::ctl {

void ProcessAttachCommand::Configure(CLI::App& app) {
  AddSessionId(app, session_id_);
  AddProcessId(app, process_id_);
  app.add_flag("--from-start", from_start_, "Show what is kept of its output first");
  app.footer(R"(
The process must have a terminal: spawn it with --tty. Any number of terminals
can be joined to it. Ctrl-] leaves the process alone and ends orchctl.

Exit status: the process's own; 128+N when signal N ended it; 0 when it was left;
125 when something went wrong on the way; 2 wrong usage.

Examples:
  pid=$(orchctl process spawn ID --tty -- top)
  orchctl process attach ID $pid)");
}

absl::Status ProcessAttachCommand::Check(const Settings& settings) {
  if (settings.format == OutputFormat::kTable) return absl::OkStatus();
  return absl::InvalidArgumentError("passes a terminal through and has no -o json");
}

absl::StatusOr<int> ProcessAttachCommand::Run(Invocation& invocation) {
  ORCH_ASSIGN_OR_RETURN(const std::unique_ptr<AttachSession> session,
                        AttachSession::Create(invocation));
  return session->Attach(session_id_, process_id_, from_start_);
}

}  // namespace orch::ctl
