#include "orchestrator/orchctl/commands/pools_delete.h"

#include "orchestrator/base/annotate.h"
#include "orchestrator/orchctl/parse/id_arguments.h"
#include "orchestrator/v1/pools.pb.h"

namespace orch::ctl {

using ::orchestrator::v1::PoolService;

void PoolsDeleteCommand::Configure(CLI::App& app) {
  AddPools(app, pools_);
  app.add_flag("-f,--force", force_, "Also when clients hold browsers; these are deleted, too");
  app.footer(R"(
When one cannot be deleted the others still are, and the exit status is 1.

Examples:
  orchctl pools delete ready
  orchctl pools delete --force $(orchctl pools list -q))");
}

absl::StatusOr<int> PoolsDeleteCommand::Run(Invocation& invocation) {
  int exit_status = kExitOk;
  for (const std::string& pool : pools_) {
    orchestrator::v1::DeletePoolRequest request;
    request.set_pool(pool);
    request.set_force(force_);
    const auto deleted =
        invocation.Call(invocation.connection().pools(), &PoolService::Stub::DeletePool, request);
    if (deleted.ok()) continue;
    invocation.Report(Annotate(deleted.status(), pool));
    exit_status = kExitError;
  }
  return exit_status;
}

}  // namespace orch::ctl
