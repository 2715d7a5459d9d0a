#pragma once

#include <memory>

#include "grpcpp/support/server_callback.h"

#include "guest/v1/process.pb.h"
#include "orchestrator/agent/process/process_service_context.h"
#include "orchestrator/agent/process/spawned_process.h"
#include "orchestrator/agent/rpc/loop_call.h"

namespace orch::agent {

// One Wait: answers when a process has ended.
class WaitCall final : public LoopCall<grpc::ServerUnaryReactor> {
 public:
  WaitCall(const ProcessServiceContext& context, const guest::v1::WaitRequest& request,
           guest::v1::Process& response);

 private:
  void Start();
  void FinishWhenEnded();
  void Detach() override;

  const ProcessServiceContext& context_;
  const guest::v1::WaitRequest& request_;
  guest::v1::Process& response_;
  std::shared_ptr<SpawnedProcess> process_;
  SpawnedProcess::SubscriptionId subscription_ = 0;
};

}  // namespace orch::agent
