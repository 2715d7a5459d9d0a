#include "orchestrator/orchctl/commands/pools_list.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/format/json.h"
#include "orchestrator/orchctl/format/pool_tables.h"

namespace orch::ctl {
namespace {

using ::orchestrator::v1::Pool;
using ::orchestrator::v1::PoolService;

constexpr int kPageSize = 500;

}  // namespace

void PoolsListCommand::Configure(CLI::App& app) {
  app.add_flag("-q,--quiet", quiet_, "Print nothing but names, or ids where there is no name");
  app.footer(R"(
Examples:
  orchctl pools list
  orchctl pools list -o json | jq '.[] | select(.waiting_count > 0)')");
}

absl::StatusOr<std::vector<Pool>> PoolsListCommand::ListAll(Invocation& invocation) const {
  orchestrator::v1::ListPoolsRequest request;
  request.set_page_size(kPageSize);
  std::vector<Pool> pools;
  do {
    ORCH_ASSIGN_OR_RETURN(auto page, invocation.Call(invocation.connection().pools(),
                                                     &PoolService::Stub::ListPools, request));
    for (Pool& pool : *page.mutable_pools()) pools.push_back(std::move(pool));
    if (!page.next_page_token().empty() && page.next_page_token() == request.page_token()) {
      return absl::InternalError("the daemon repeats a page token; the list would never end");
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return pools;
}

absl::StatusOr<int> PoolsListCommand::Run(Invocation& invocation) {
  ORCH_ASSIGN_OR_RETURN(const std::vector<Pool> pools, ListAll(invocation));
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
