#pragma once

#include <memory>

#include "absl/status/status.h"
#include "grpcpp/support/server_callback.h"

#include "guest/v1/process.pb.h"
#include "orchestrator/agent/process/process_service_context.h"
#include "orchestrator/agent/process/spawned_process.h"

namespace orch::agent {

// One WriteStdin: takes a message when the one before it is in the process's pipe. Belongs to gRPC
// until OnDone, then deletes itself on the loop, to which its state is confined.
class WriteStdinCall final : public grpc::ServerReadReactor<guest::v1::WriteStdinRequest> {
 public:
  WriteStdinCall(const ProcessServiceContext& context, guest::v1::WriteStdinResponse& response);

  void OnReadDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  // Writes the message that has come.
  absl::Status Take();
  void Written(size_t bytes, const absl::Status& status);
  void FinishOnce(const absl::Status& status);

  const ProcessServiceContext& context_;
  guest::v1::WriteStdinResponse& response_;
  guest::v1::WriteStdinRequest request_;
  std::shared_ptr<SpawnedProcess> process_;
  bool writing_ = false;
  bool finished_ = false;
};

}  // namespace orch::agent
