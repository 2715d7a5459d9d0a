#include "orchestrator/orchctl/commands/pools_flush.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/format/pool_tables.h"
#include "orchestrator/orchctl/parse/id_arguments.h"

namespace orch::ctl {

using ::orchestrator::v1::Pool;
using ::orchestrator::v1::PoolService;

void PoolsFlushCommand::Configure(CLI::App& app) {
  AddPool(app, pool_);
  app.footer(R"(
Browsers that clients hold stay. The pool refills at its fill rate.

Examples:
  orchctl pools flush ready)");
}

absl::StatusOr<int> PoolsFlushCommand::Run(Invocation& invocation) {
  orchestrator::v1::FlushPoolRequest request;
  request.set_pool(pool_);
  ORCH_ASSIGN_OR_RETURN(const Pool pool, invocation.Call(invocation.connection().pools(),
                                                         &PoolService::Stub::FlushPool, request));
  ORCH_RETURN_IF_ERROR(invocation.Print(pool, PoolDetails(pool)));
  return kExitOk;
}

}  // namespace orch::ctl
