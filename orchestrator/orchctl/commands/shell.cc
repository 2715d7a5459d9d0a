#include "orchestrator/orchctl/commands/shell.h"

#include <memory>

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/parse/id_arguments.h"
#include "orchestrator/orchctl/terminal/attach_session.h"

namespace orch::ctl {

void ShellCommand::Configure(CLI::App& app) {
  AddSessionId(app, session_id_);
  options_.Configure(app);
  app.footer(R"(
The shell is the user's own, by /etc/passwd of the guest. Ctrl-] leaves it alone
and ends orchctl; closing the terminal ends it.

Exit status: the shell's own; 128+N when signal N ended it; 0 when it was left;
125 when something went wrong on the way; 2 wrong usage.

Examples:
  orchctl shell ID
  orchctl shell ID --root)");
}

absl::Status ShellCommand::Check(const Settings& settings) {
  if (settings.format != OutputFormat::kTable) {
    return absl::InvalidArgumentError("passes a terminal through and has no -o json");
  }
  request_.set_session_id(session_id_);
  // The agent sets SHELL by the user.
  ORCH_ASSIGN_OR_RETURN(
      *request_.mutable_spec(),
      options_.BuildOnTerminal({"/bin/sh", "-c", "exec \"${SHELL:-/bin/sh}\" -l"}));
  return absl::OkStatus();
}

absl::StatusOr<int> ShellCommand::Run(Invocation& invocation) {
  ORCH_ASSIGN_OR_RETURN(const std::unique_ptr<AttachSession> session,
                        AttachSession::Create(invocation));
  return session->Run(request_);
}

}  // namespace orch::ctl
