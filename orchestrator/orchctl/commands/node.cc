#include "orchestrator/orchctl/commands/node.h"

#include "absl/time/clock.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/orchctl/format/node_tables.h"

namespace orch::ctl {

using ::orchestrator::v1::Node;
using ::orchestrator::v1::NodeService;

void NodeCommand::Configure(CLI::App& app) {
  app.footer(R"(
Examples:
  orchctl node
  orchctl -t unix:/var/lib/orchestrator/orchestrator.sock node -o json)");
}

absl::StatusOr<int> NodeCommand::Run(Invocation& invocation) {
  ORCH_ASSIGN_OR_RETURN(const Node node,
                        invocation.Call(invocation.connection().node(), &NodeService::Stub::GetNode,
                                        orchestrator::v1::GetNodeRequest()));
  ORCH_RETURN_IF_ERROR(invocation.Print(node, NodeDetails(node, absl::Now())));
  return kExitOk;
}

}  // namespace orch::ctl
