#pragma once

#include <atomic>

#include "grpcpp/support/server_callback.h"

#include "guest/v1/lifecycle.grpc.pb.h"
#include "guest/v1/lifecycle.pb.h"
#include "orchestrator/agent/lifecycle/guest_resumption.h"
#include "orchestrator/agent/lifecycle/snapshot_preparation.h"
#include "orchestrator/agent/lifecycle/viewport_change.h"
#include "orchestrator/agent/loop/event_loop.h"
#include "orchestrator/agent/supervisor/supervisor.h"
#include "orchestrator/base/thread_pool.h"

namespace orch::agent {

// guest.v1.LifecycleService: tells the daemon how the guest fares, and makes it fit to be copied
// and to go on, and changes its screen. Thread-safe. AwaitReady and GetStatus hold no thread; the
// others have one each, so that none waits for another. One PrepareSnapshot at a time.
class LifecycleService final : public guest::v1::LifecycleService::CallbackService {
 public:
  // All outlive the server.
  LifecycleService(EventLoop& loop, Supervisor& supervisor, SnapshotPreparation& preparation,
                   GuestResumption& resumption, ViewportChange& viewport)
      : loop_(loop),
        supervisor_(supervisor),
        preparation_(preparation),
        resumption_(resumption),
        viewport_(viewport) {}

  grpc::ServerUnaryReactor* AwaitReady(grpc::CallbackServerContext* context,
                                       const guest::v1::AwaitReadyRequest* request,
                                       guest::v1::AwaitReadyResponse* response) override;
  grpc::ServerUnaryReactor* PrepareSnapshot(grpc::CallbackServerContext* context,
                                            const guest::v1::PrepareSnapshotRequest* request,
                                            guest::v1::PrepareSnapshotResponse* response) override;
  grpc::ServerUnaryReactor* Resumed(grpc::CallbackServerContext* context,
                                    const guest::v1::ResumedRequest* request,
                                    guest::v1::ResumedResponse* response) override;
  grpc::ServerUnaryReactor* SetViewport(grpc::CallbackServerContext* context,
                                        const guest::v1::SetViewportRequest* request,
                                        guest::v1::SetViewportResponse* response) override;
  grpc::ServerUnaryReactor* GetStatus(grpc::CallbackServerContext* context,
                                      const guest::v1::GetStatusRequest* request,
                                      guest::v1::GetStatusResponse* response) override;

 private:
  absl::Status Prepare(const guest::v1::PrepareSnapshotRequest& request, const CancelToken& cancel,
                       guest::v1::PrepareSnapshotResponse& response);

  EventLoop& loop_;
  Supervisor& supervisor_;
  SnapshotPreparation& preparation_;
  GuestResumption& resumption_;
  ViewportChange& viewport_;
  std::atomic<bool> preparing_ = false;
  // Last: their threads use the others.
  ThreadPool preparing_thread_{1};
  ThreadPool resuming_thread_{1};
  ThreadPool viewport_thread_{1};
};

}  // namespace orch::agent
