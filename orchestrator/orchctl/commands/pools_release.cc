#include "orchestrator/orchctl/commands/pools_release.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/parse/id_arguments.h"
#include "orchestrator/v1/pools.pb.h"

namespace orch::ctl {

using ::orchestrator::v1::PoolService;

void PoolsReleaseCommand::Configure(CLI::App& app) {
  AddPool(app, pool_);
  AddSessionId(app, session_id_);
  CLI::Option* discard =
      app.add_flag("--discard", discard_, "Delete it; it is replaced at the pool's fill rate");
  app.add_flag("--reset", reset_, "Delete it; a fresh one takes its place at once")
      ->excludes(discard);
  app.footer(R"(
Without --discard or --reset the next client gets the browser as it is.

Examples:
  orchctl pools release ready ID
  orchctl pools release ready ID --reset)");
}

absl::StatusOr<int> PoolsReleaseCommand::Run(Invocation& invocation) {
  orchestrator::v1::ReleaseBrowserRequest request;
  request.set_pool(pool_);
  request.set_session_id(session_id_);
  request.set_reuse(discard_ ? orchestrator::v1::REUSE_DISCARD
                    : reset_ ? orchestrator::v1::REUSE_RESET
                             : orchestrator::v1::REUSE_KEEP);
  ORCH_RETURN_IF_ERROR(
      invocation.Call(invocation.connection().pools(), &PoolService::Stub::ReleaseBrowser, request)
          .status());
  return kExitOk;
}

}  // namespace orch::ctl
