#include "orchestrator/orchctl/commands/pools_get.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/format/pool_tables.h"
#include "orchestrator/orchctl/parse/id_arguments.h"

namespace orch::ctl {

using ::orchestrator::v1::Pool;
using ::orchestrator::v1::PoolService;

void PoolsGetCommand::Configure(CLI::App& app) {
  AddPool(app, pool_);
  app.footer(R"(
"held back by" says why a pool that is not full is not being filled.

Examples:
  orchctl pools get ready
  orchctl pools get ready -o json | jq -r .available_count)");
}

absl::StatusOr<int> PoolsGetCommand::Run(Invocation& invocation) {
  orchestrator::v1::GetPoolRequest request;
  request.set_pool(pool_);
  ORCH_ASSIGN_OR_RETURN(const Pool pool, invocation.Call(invocation.connection().pools(),
                                                         &PoolService::Stub::GetPool, request));
  ORCH_RETURN_IF_ERROR(invocation.Print(pool, PoolDetails(pool)));
  return kExitOk;
}

}  // namespace orch::ctl
