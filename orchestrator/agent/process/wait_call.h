#pragma once

#include <memory>

#include "absl/status/status.h"
#include "grpcpp/support/server_callback.h"

#include "guest/v1/process.pb.h"
#include "orchestrator/agent/process/process_service_context.h"
#include "orchestrator/agent/process/spawned_process.h"

namespace orch::agent {

// One Wait: answers when a process has ended. Belongs to gRPC until OnDone, then deletes itself on
// the loop, to which its state is confined.
class WaitCall final : public grpc::ServerUnaryReactor {
 public:
  WaitCall(const ProcessServiceContext& context, const guest::v1::WaitRequest& request,
           guest::v1::Process& response);

  void OnCancel() override;
  void OnDone() override;

 private:
  void Start();
  void FinishWhenEnded();
  void FinishOnce(const absl::Status& status);

  const ProcessServiceContext& context_;
  const guest::v1::WaitRequest& request_;
  guest::v1::Process& response_;
  std::shared_ptr<SpawnedProcess> process_;
  SpawnedProcess::SubscriptionId subscription_ = 0;
  bool finished_ = false;
};

}  // namespace orch::agent
