#include "orchestrator/orchctl/commands/pools_watch.h"

#include "absl/time/clock.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/format/json.h"
#include "orchestrator/orchctl/format/pool_tables.h"
#include "orchestrator/orchctl/parse/id_arguments.h"

namespace orch::ctl {

void PoolsWatchCommand::Configure(CLI::App& app) {
  AddPool(app, pool_);
  app.footer(R"(
Begins with the pool as it is and then prints each change, until Ctrl-C or until
the pool is deleted. Changes that follow fast are joined. With -o json there is
one object per line.

Examples:
  orchctl pools watch ready
  orchctl pools watch ready -o json | jq --unbuffered .available_count)");
}

absl::Status PoolsWatchCommand::WatchOnce(Invocation& invocation) const {
  orchestrator::v1::WatchPoolRequest request;
  request.set_pool(pool_);
  grpc::ClientContext context;
  const auto reader = invocation.connection().pools().WatchPool(&context, request);
  orchestrator::v1::WatchPoolResponse response;
  while (reader->Read(&response)) {
    const absl::Status printed =
        invocation.Print(invocation.json() ? ToJson(response.pool(), JsonStyle::kCompact)
                                           : PoolEvent(response.pool(), absl::Now()));
    if (!printed.ok()) {
      context.TryCancel();
      return printed;
    }
  }
  return FromGrpcStatus(reader->Finish());
}

absl::StatusOr<int> PoolsWatchCommand::Run(Invocation& invocation) {
  while (true) {
    const absl::Status status = WatchOnce(invocation);
    if (status.ok()) return kExitOk;
    // We were too slow (the reader of our output was); the daemon then asks to call again.
    if (!absl::IsResourceExhausted(status)) return status;
    invocation.Note("changes came faster than they could be printed; some are missing");
  }
}

}  // namespace orch::ctl
