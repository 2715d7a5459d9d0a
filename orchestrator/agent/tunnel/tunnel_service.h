#pragma once

#include <cstddef>

#include "grpcpp/support/server_callback.h"

#include "guest/v1/tunnel.grpc.pb.h"
#include "guest/v1/tunnel.pb.h"
#include "orchestrator/agent/loop/event_loop.h"

namespace orch::agent {

// guest.v1.TunnelService: byte streams from the host to TCP ports on the guest's loopback. No call
// holds a thread.
class TunnelService final : public guest::v1::TunnelService::CallbackService {
 public:
  static constexpr size_t kMaxTunnels = 512;

  // `loop` outlives the server. More than `max_tunnels` at a time are refused.
  explicit TunnelService(EventLoop& loop, size_t max_tunnels = kMaxTunnels)
      : loop_(loop), max_tunnels_(max_tunnels) {}

  grpc::ServerBidiReactor<guest::v1::ConnectRequest, guest::v1::ConnectResponse>* Connect(
      grpc::CallbackServerContext* context) override;

 private:
  EventLoop& loop_;
  const size_t max_tunnels_;
  // Confined to the loop's thread.
  size_t tunnels_ = 0;
};

}  // namespace orch::agent
