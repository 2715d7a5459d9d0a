#include "orchestrator/orchctl/commands/pools_update.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/format/pool_tables.h"
#include "orchestrator/orchctl/parse/id_arguments.h"
#include "orchestrator/orchctl/parse/values.h"

namespace orch::ctl {

using ::orchestrator::v1::Pool;
using ::orchestrator::v1::PoolService;

void PoolsUpdateCommand::Configure(CLI::App& app) {
  AddPool(app, pool_);
  app.add_option("--name", name_, "A new name")->type_name("NAME");
  app.add_option("--size", size_, "A new size: 1 to 10000")->type_name("N");
  app.add_option("--fill-rate", fill_rate_,
                 "Percent of the size that may be created per minute (0: never)")
      ->type_name("PERCENT");
  app.add_flag("--discard-idle", discard_idle_, "Delete the idle browsers and build anew");
  browser_.Configure(app);
  app.footer(R"(
What is not typed stays as it is. Of --image, --headless, --memory, --vcpus,
--viewport, --kiosk, --timeout and --standby-after, however, one typed sets all: those
not typed take their defaults. Idle browsers of the old kind are handed out until
they are used up, unless --discard-idle.

Examples:
  orchctl pools update ready --size 20
  orchctl pools update ready --headless --memory 2048 --discard-idle)");
}

absl::Status PoolsUpdateCommand::Check(const Settings&) {
  request_.set_pool(pool_);
  if (!name_.empty()) {
    ORCH_RETURN_IF_ERROR(CheckPoolName(name_));
    request_.set_name(name_);
  }
  if (size_.has_value()) request_.set_size(*size_);
  if (fill_rate_.has_value()) request_.set_fill_rate_per_minute(*fill_rate_);
  request_.set_discard_all_idle(discard_idle_);
  if (browser_.typed()) {
    ORCH_ASSIGN_OR_RETURN(*request_.mutable_browser(), browser_.Spec());
  }
  const bool nothing = !request_.has_name() && !request_.has_size() &&
                       !request_.has_fill_rate_per_minute() && !request_.has_browser() &&
                       !discard_idle_;
  if (nothing) return absl::InvalidArgumentError("there is nothing to change: give an option");
  return absl::OkStatus();
}

absl::StatusOr<int> PoolsUpdateCommand::Run(Invocation& invocation) {
  ORCH_ASSIGN_OR_RETURN(const Pool pool, invocation.Call(invocation.connection().pools(),
                                                         &PoolService::Stub::UpdatePool, request_));
  ORCH_RETURN_IF_ERROR(invocation.Print(pool, PoolDetails(pool)));
  return kExitOk;
}

}  // namespace orch::ctl
