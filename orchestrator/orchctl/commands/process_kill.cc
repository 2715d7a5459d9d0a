#include "orchestrator/orchctl/commands/process_kill.h"

#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/format/process_tables.h"
#include "orchestrator/orchctl/parse/id_arguments.h"
#include "orchestrator/orchctl/parse/values.h"

namespace orch::ctl {

using ::guest::v1::Process;
using ::guest::v1::ProcessService;

void ProcessKillCommand::Configure(CLI::App& app) {
  AddSessionId(app, session_id_);
  AddProcessId(app, process_id_);
  app.add_option("-s,--signal", signal_, "Name or number (default TERM)")->type_name("SIGNAL");
  app.add_option("--scope", scope_,
                 "Who gets it: the group (default), the process alone, or the tree of all its "
                 "descendants")
      ->type_name("SCOPE")
      ->check(CLI::IsMember({"group", "process", "tree"}));
  app.add_option("--grace", grace_, "Kill all of it if it has not ended after this long")
      ->type_name("DURATION");
  app.add_option("--wait", wait_, "Wait for its end, for this long at most")->type_name("DURATION");
  app.footer(R"(
Examples:
  orchctl process kill ID PID
  orchctl process kill ID PID --signal KILL --scope tree
  orchctl process kill ID PID --grace 5s --wait 10s)");
}

absl::Status ProcessKillCommand::Check(const Settings&) {
  request_.set_session_id(session_id_);
  request_.set_process_id(process_id_);
  request_.set_signal(signal_);
  if (scope_ == "process") request_.set_scope(guest::v1::SIGNAL_SCOPE_PROCESS);
  if (scope_ == "tree") request_.set_scope(guest::v1::SIGNAL_SCOPE_TREE);
  if (!grace_.empty()) {
    ORCH_ASSIGN_OR_RETURN(const absl::Duration grace, ParseWait(grace_));
    SetDuration(grace, *request_.mutable_kill_after());
  }
  if (!wait_.empty()) {
    ORCH_ASSIGN_OR_RETURN(const absl::Duration wait, ParseWait(wait_));
    SetDuration(wait, *request_.mutable_wait());
  }
  return absl::OkStatus();
}

absl::StatusOr<int> ProcessKillCommand::Run(Invocation& invocation) {
  ORCH_ASSIGN_OR_RETURN(const Process process, invocation.Call(invocation.connection().processes(),
                                                               &ProcessService::Stub::Signal,
                                                               request_, absl::InfiniteDuration()));
  ORCH_RETURN_IF_ERROR(invocation.Print(
      process, request_.has_wait() ? absl::StrCat(ProcessEnd(process), "\n") : ""));
  return kExitOk;
}

}  // namespace orch::ctl
