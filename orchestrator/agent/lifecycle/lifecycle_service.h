#pragma once

#include "grpcpp/support/server_callback.h"

#include "guest/v1/lifecycle.grpc.pb.h"
#include "guest/v1/lifecycle.pb.h"
#include "orchestrator/agent/loop/event_loop.h"
#include "orchestrator/agent/supervisor/supervisor.h"

namespace orch::agent {

// guest.v1.LifecycleService: tells the daemon how the guest fares. No call holds a thread, however
// long it waits.
class LifecycleService final : public guest::v1::LifecycleService::CallbackService {
 public:
  // Both outlive the server.
  LifecycleService(EventLoop& loop, Supervisor& supervisor)
      : loop_(loop), supervisor_(supervisor) {}

  grpc::ServerUnaryReactor* AwaitReady(grpc::CallbackServerContext* context,
                                       const guest::v1::AwaitReadyRequest* request,
                                       guest::v1::AwaitReadyResponse* response) override;
  grpc::ServerUnaryReactor* GetStatus(grpc::CallbackServerContext* context,
                                      const guest::v1::GetStatusRequest* request,
                                      guest::v1::GetStatusResponse* response) override;

 private:
  EventLoop& loop_;
  Supervisor& supervisor_;
};

}  // namespace orch::agent
