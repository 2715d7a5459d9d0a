#include "orchestrator/orchctl/commands/process_spawn.h"

#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/format/printable.h"
#include "orchestrator/orchctl/parse/id_arguments.h"

namespace orch::ctl {

using ::guest::v1::Process;
using ::guest::v1::ProcessService;

void ProcessSpawnCommand::Configure(CLI::App& app) {
  AddSessionId(app, session_id_);
  options_.Configure(app);
  app.add_flag("--stdin", stdin_, "Keep standard input open for \"orchctl process stdin\"");
  app.add_flag("--block", block_,
               "Output that is not read makes the process wait; else the oldest is dropped");
  app.add_flag("--tty", tty_, "Give it a terminal, for \"orchctl process attach\"");
  app.footer(R"(
Prints the id of the process, which the other process commands take as PID.

Examples:
  pid=$(orchctl process spawn ID -- sleep 60)
  orchctl process wait ID $pid)");
}

absl::Status ProcessSpawnCommand::Check(const Settings& settings) {
  request_.set_session_id(session_id_);
  ORCH_ASSIGN_OR_RETURN(*request_.mutable_spec(), options_.Build(settings.guest_command));
  request_.set_output_overflow(block_ ? guest::v1::OUTPUT_OVERFLOW_BLOCK
                                      : guest::v1::OUTPUT_OVERFLOW_DROP_OLDEST);
  request_.set_open_stdin(stdin_);
  request_.set_allocate_tty(tty_);
  return absl::OkStatus();
}

absl::StatusOr<int> ProcessSpawnCommand::Run(Invocation& invocation) {
  ORCH_ASSIGN_OR_RETURN(
      const Process process,
      invocation.Call(invocation.connection().processes(), &ProcessService::Stub::Spawn, request_));
  ORCH_RETURN_IF_ERROR(
      invocation.Print(process, absl::StrCat(Printable(process.process_id()), "\n")));
  return kExitOk;
}

}  // namespace orch::ctl
