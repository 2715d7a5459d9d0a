#include "orchestrator/orchctl/commands/process_ps.h"

#include <utility>

#include "absl/time/clock.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/format/json.h"
#include "orchestrator/orchctl/format/process_tables.h"
#include "orchestrator/orchctl/parse/id_arguments.h"

namespace orch::ctl {
namespace {

using ::guest::v1::Process;
using ::guest::v1::ProcessService;

constexpr int kPageSize = 500;

}  // namespace

void ProcessPsCommand::Configure(CLI::App& app) {
  AddSessionId(app, session_id_);
  app.add_flag("-r,--running", running_, "Only processes that still run");
  app.footer(R"(
Shows what exec and spawn started, ended processes for as long as the guest
keeps their records. TIME is how long a process has run; CPU and MEMORY are what
it uses with all its descendants.

Examples:
  orchctl process ps ID
  orchctl process ps ID --running -o json | jq -r '.[].process_id')");
}

absl::StatusOr<std::vector<Process>> ProcessPsCommand::ListAll(Invocation& invocation) const {
  guest::v1::ListRequest request;
  request.set_session_id(session_id_);
  request.set_page_size(kPageSize);
  request.set_include_usage(true);
  if (running_) request.add_statuses(guest::v1::PROCESS_STATUS_RUNNING);
  std::vector<Process> processes;
  do {
    ORCH_ASSIGN_OR_RETURN(auto page, invocation.Call(invocation.connection().processes(),
                                                     &ProcessService::Stub::List, request));
    for (Process& process : *page.mutable_processes()) processes.push_back(std::move(process));
    if (!page.next_page_token().empty() && page.next_page_token() == request.page_token()) {
      return absl::InternalError("the guest repeats a page token; the list would never end");
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return processes;
}

absl::StatusOr<int> ProcessPsCommand::Run(Invocation& invocation) {
  ORCH_ASSIGN_OR_RETURN(const std::vector<Process> processes, ListAll(invocation));
  ORCH_RETURN_IF_ERROR(invocation.Print(invocation.json() ? ToJson(Pointers(processes))
                                                          : ProcessTable(processes, absl::Now())));
  return kExitOk;
}

}  // namespace orch::ctl
