#pragma once

#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "grpcpp/support/server_callback.h"

#include "guest/v1/process.pb.h"
#include "orchestrator/agent/child/child_process.h"
#include "orchestrator/agent/process/exec_answer.h"
#include "orchestrator/agent/process/process_service_context.h"

namespace orch::agent {

// One Exec: waits for its turn, runs a command to its end, keeps the beginning of its output, and
// kills it when the call is cancelled. The answer comes at the latest ChildProcess::kDrainTime
// after the command's end, even when a descendant in the background holds its output open; such a
// descendant lives on.
//
// Belongs to gRPC until OnDone, then deletes itself on the loop, to which its state is confined.
class ExecCall final : public grpc::ServerUnaryReactor, private ChildProcess::Observer {
 public:
  ExecCall(const ProcessServiceContext& context, const guest::v1::ExecRequest& request,
           guest::v1::ExecResponse& response);

  void OnCancel() override;
  void OnDone() override;

 private:
  absl::Status Start();
  // With the place that runs.
  absl::Status Launch();
  void FinishOnce(const absl::Status& status);
  void OnOutput(ChildProcess::Stream stream, absl::string_view bytes) override;
  void OnEnd(const ChildEnd& end, bool timed_out) override;
  void OnDrained() override;

  const ProcessServiceContext& context_;
  const guest::v1::ExecRequest& request_;
  guest::v1::ExecResponse& response_;
  ChildProcess::Options options_;
  std::optional<ExecAnswer> answer_;
  absl::Duration started_;
  bool finished_ = false;
  std::unique_ptr<RunQueue::Place> place_;
  std::unique_ptr<ChildProcess> child_;
};

}  // namespace orch::agent
