#include "orchestrator/orchctl/commands/pools_create.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/format/pool_tables.h"
#include "orchestrator/orchctl/parse/values.h"

namespace orch::ctl {

using ::orchestrator::v1::Pool;
using ::orchestrator::v1::PoolService;

void PoolsCreateCommand::Configure(CLI::App& app) {
  app.add_option("--size", size_, "Browsers, idle and acquired together: 1 to 10000")
      ->required()
      ->type_name("N");
  app.add_option("--name", name_, "What to call it, unlike every other pool")->type_name("NAME");
  app.add_option("--fill-rate", fill_rate_,
                 "Percent of the size that may be created per minute (default 25; 0: never)")
      ->type_name("PERCENT");
  browser_.Configure(app);
  app.footer(R"(
Returns at once; "orchctl pools watch" shows how the pool fills.

Examples:
  orchctl pools create --name ready --size 10 --headless
  orchctl pools create --size 50 --fill-rate 100 --viewport 1280x720 --timeout 5m)");
}

absl::Status PoolsCreateCommand::Check(const Settings&) {
  orchestrator::v1::PoolSpec& spec = *request_.mutable_spec();
  if (!name_.empty()) {
    ORCH_RETURN_IF_ERROR(CheckPoolName(name_));
    spec.set_name(name_);
  }
  spec.set_size(size_);
  if (fill_rate_.has_value()) spec.set_fill_rate_per_minute(*fill_rate_);
  ORCH_ASSIGN_OR_RETURN(*spec.mutable_browser(), browser_.Spec());
  return absl::OkStatus();
}

absl::StatusOr<int> PoolsCreateCommand::Run(Invocation& invocation) {
  ORCH_ASSIGN_OR_RETURN(const Pool pool, invocation.Call(invocation.connection().pools(),
                                                         &PoolService::Stub::CreatePool, request_));
  ORCH_RETURN_IF_ERROR(invocation.Print(pool, PoolDetails(pool)));
  return kExitOk;
}

}  // namespace orch::ctl
