#include "orchestrator/orchctl/commands/pools_list.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/all_pages.h"
#include "orchestrator/orchctl/format/json.h"
#include "orchestrator/orchctl/format/pool_tables.h"

namespace orch::ctl {

using ::orchestrator::v1::Pool;
using ::orchestrator::v1::PoolService;

void PoolsListCommand::Configure(CLI::App& app) {
  app.add_flag("-q,--quiet", quiet_, "Print nothing but names, or ids where there is no name");
  app.footer(R"(
Examples:
  orchctl pools list
  orchctl pools list -o json | jq '.[] | select(.waiting_count > 0)')");
}

absl::StatusOr<int> PoolsListCommand::Run(Invocation& invocation) {
  ORCH_ASSIGN_OR_RETURN(
      const std::vector<Pool> pools,
      ListAllPages(invocation, invocation.connection().pools(), &PoolService::Stub::ListPools,
                   orchestrator::v1::ListPoolsRequest(),
                   &orchestrator::v1::ListPoolsResponse::mutable_pools));
  std::string text;
  if (quiet_) {
    for (const Pool& pool : pools) absl::StrAppend(&text, PoolLabel(pool), "\n");
  } else if (invocation.json()) {
    text = ToJson(Pointers(pools));
  } else {
    text = PoolTable(pools, absl::Now());
  }
  ORCH_RETURN_IF_ERROR(invocation.Print(text));
  return kExitOk;
}

}  // namespace orch::ctl
