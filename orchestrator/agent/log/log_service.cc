#include "orchestrator/agent/log/log_service.h"

#include "absl/status/status.h"

#include "orchestrator/agent/log/file_log_call.h"
#include "orchestrator/agent/log/program_log_call.h"
#include "orchestrator/base/grpc_status.h"

namespace orch::agent {
namespace {

// A call that only says why not.
class RefusedCall final : public grpc::ServerWriteReactor<guest::v1::StreamLogResponse> {
 public:
  explicit RefusedCall(const absl::Status& status) { Finish(ToGrpcStatus(status)); }
  void OnDone() override { delete this; }
};

}  // namespace

grpc::ServerWriteReactor<guest::v1::StreamLogResponse>* LogService::Stream(
    grpc::CallbackServerContext*, const guest::v1::StreamLogRequest* request) {
  if (request->program().empty() == request->path().empty()) {
    return new RefusedCall(
        absl::InvalidArgumentError("one of program and path is needed, and not both"));
  }
  if (!request->program().empty()) return new ProgramLogCall(context_, *request);
  auto* call = new FileLogCall(context_.files, *request);
  call->Start(threads_);
  return call;
}

}  // namespace orch::agent
