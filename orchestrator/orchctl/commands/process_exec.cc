#include "orchestrator/orchctl/commands/process_exec.h"

#include <memory>

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/exec_session.h"
#include "orchestrator/orchctl/parse/id_arguments.h"
#include "orchestrator/orchctl/signal_catcher.h"

namespace orch::ctl {

void ProcessExecCommand::Configure(CLI::App& app) {
  AddSessionId(app, session_id_);
  options_.Configure(app);
  app.add_flag("--no-stdin", no_stdin_, "Give the process /dev/null as standard input");
  app.footer(R"(
The command and its arguments follow "--" and are not read by a shell. Output is
passed through byte for byte and never dropped: the command waits when it is not
read. The first SIGINT or SIGTERM is sent on to the command, the second ends
orchctl and leaves the command running.

Exit status: the command's own; 128+N when signal N ended it; 124 when --timeout
passed; 125 when something went wrong on the way, which standard error then
names; 2 wrong usage.

Examples:
  orchctl process exec ID -- uname -a
  orchctl process exec ID -e LANG=C --timeout 90s -- sh -c 'ls /tmp | wc -l'
  tar c . | orchctl process exec ID --root -- tar x -C /opt)");
}

absl::Status ProcessExecCommand::Check(const Settings& settings) {
  if (settings.format != OutputFormat::kTable) {
    return absl::InvalidArgumentError("passes the command's own output through and has no -o json");
  }
  request_.set_session_id(session_id_);
  ORCH_ASSIGN_OR_RETURN(*request_.mutable_spec(), options_.Build(settings.guest_command));
  request_.set_output_overflow(guest::v1::OUTPUT_OVERFLOW_BLOCK);
  request_.set_open_stdin(!no_stdin_);
  return absl::OkStatus();
}

absl::StatusOr<int> ProcessExecCommand::Run(Invocation& invocation) {
  ORCH_ASSIGN_OR_RETURN(const std::unique_ptr<SignalCatcher> signals, SignalCatcher::Create());
  ExecSession session(invocation, *signals);
  return session.Run(request_);
}

}  // namespace orch::ctl
