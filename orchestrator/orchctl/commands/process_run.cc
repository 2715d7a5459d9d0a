#include "orchestrator/orchctl/commands/process_run.h"

#include <memory>

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/parse/id_arguments.h"
#include "orchestrator/orchctl/terminal/attach_session.h"

namespace orch::ctl {

void ProcessRunCommand::Configure(CLI::App& app) {
  AddSessionId(app, session_id_);
  options_.Configure(app);
  app.footer(R"(
Runs a command as "process exec" does, but on a terminal: for what draws on the
screen or asks questions. Ctrl-] leaves the command alone and ends orchctl.

Exit status: the command's own; 128+N when signal N ended it; 124 when --timeout
passed; 0 when it was left; 125 when something went wrong on the way; 2 wrong
usage.

Examples:
  orchctl process run ID -- top
  orchctl process run ID --root -- vi /etc/hosts)");
}

absl::Status ProcessRunCommand::Check(const Settings& settings) {
  if (settings.format != OutputFormat::kTable) {
    return absl::InvalidArgumentError("passes a terminal through and has no -o json");
  }
  request_.set_session_id(session_id_);
  ORCH_ASSIGN_OR_RETURN(*request_.mutable_spec(), options_.BuildOnTerminal(settings.guest_command));
  return absl::OkStatus();
}

absl::StatusOr<int> ProcessRunCommand::Run(Invocation& invocation) {
  ORCH_ASSIGN_OR_RETURN(const std::unique_ptr<AttachSession> session,
                        AttachSession::Create(invocation));
  return session->Run(request_);
}

}  // namespace orch::ctl
