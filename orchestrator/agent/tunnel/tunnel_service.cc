#include "orchestrator/agent/tunnel/tunnel_service.h"

#include "orchestrator/agent/tunnel/connect_call.h"

namespace orch::agent {

grpc::ServerBidiReactor<guest::v1::ConnectRequest, guest::v1::ConnectResponse>*
TunnelService::Connect(grpc::CallbackServerContext*) {
  return new ConnectCall(loop_, max_tunnels_, tunnels_);
}

}  // namespace orch::agent
