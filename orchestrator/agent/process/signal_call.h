#pragma once

#include <memory>

#include "absl/status/status.h"
#include "grpcpp/support/server_callback.h"

#include "guest/v1/process.pb.h"
#include "orchestrator/agent/loop/event_loop.h"
#include "orchestrator/agent/process/process_service_context.h"
#include "orchestrator/agent/process/spawned_process.h"

namespace orch::agent {

// One Signal: sends it, and answers at once or when the process has ended. Belongs to gRPC until
// OnDone, then deletes itself on the loop, to which its state is confined.
class SignalCall final : public grpc::ServerUnaryReactor {
 public:
  SignalCall(const ProcessServiceContext& context, const guest::v1::SignalRequest& request,
             guest::v1::Process& response);

  void OnCancel() override;
  void OnDone() override;

 private:
  absl::Status Start();
  void FinishWhenEnded();
  void FinishOnce(const absl::Status& status);

  const ProcessServiceContext& context_;
  const guest::v1::SignalRequest& request_;
  guest::v1::Process& response_;
  std::shared_ptr<SpawnedProcess> process_;
  SpawnedProcess::SubscriptionId subscription_ = 0;
  EventLoop::TimerId wait_timer_ = 0;
  bool finished_ = false;
};

}  // namespace orch::agent
