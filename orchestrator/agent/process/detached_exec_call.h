#pragma once

#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "grpcpp/support/server_callback.h"

#include "guest/v1/process.pb.h"
#include "orchestrator/agent/process/exec_answer.h"
#include "orchestrator/agent/process/process_service_context.h"
#include "orchestrator/agent/process/spawned_process.h"

namespace orch::agent {

// One Exec with `detach`: spawns a process and answers when it has ended; cancelling the call
// leaves the process alone. Belongs to gRPC until OnDone, then deletes itself on the loop, to which
// its state is confined.
class DetachedExecCall final : public grpc::ServerUnaryReactor {
 public:
  DetachedExecCall(const ProcessServiceContext& context, const guest::v1::ExecRequest& request,
                   guest::v1::ExecResponse& response);

  void OnCancel() override;
  void OnDone() override;

 private:
  absl::Status Start();
  // Takes what the process has written, and finishes when that is all.
  void Collect();
  void FinishOnce(const absl::Status& status);

  const ProcessServiceContext& context_;
  const guest::v1::ExecRequest& request_;
  guest::v1::ExecResponse& response_;
  std::optional<ExecAnswer> answer_;
  std::shared_ptr<SpawnedProcess> process_;
  SpawnedProcess::SubscriptionId subscription_ = 0;
  OutputRing::ReaderId reader_ = 0;
  bool finished_ = false;
};

}  // namespace orch::agent
