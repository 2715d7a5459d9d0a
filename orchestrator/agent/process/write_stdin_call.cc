#include "orchestrator/agent/process/write_stdin_call.h"

#include <string>
#include <utility>

#include "orchestrator/agent/process/input_size.h"
#include "orchestrator/base/grpc_status.h"
#include "orchestrator/base/status_macros.h"

namespace orch::agent {
WriteStdinCall::WriteStdinCall(const ProcessServiceContext& context,
                               guest::v1::WriteStdinResponse& response)
    : context_(context), response_(response) {
  StartRead(&request_);
}

void WriteStdinCall::OnReadDone(bool ok) {
  context_.children.loop.Post([this, ok] {
    if (finished_) return;
    const absl::Status taken = ok ? Take() : absl::OkStatus();
    if (!ok && process_ == nullptr) {
      FinishOnce(absl::InvalidArgumentError("process_id is needed in the first message"));
    } else if (!ok || !taken.ok()) {
      FinishOnce(taken);
    }
  });
}

void WriteStdinCall::OnCancel() {
  context_.children.loop.Post(
      [this] { FinishOnce(absl::CancelledError("cancelled by the caller")); });
}

void WriteStdinCall::OnDone() {
  context_.children.loop.Post([this] { delete this; });
}

absl::Status WriteStdinCall::Take() {
  ORCH_RETURN_IF_ERROR(CheckInputSize(request_.data(), context_.table.config()));
  if (process_ == nullptr) {
    ORCH_ASSIGN_OR_RETURN(process_, context_.table.Find(request_.process_id()));
  }
  const size_t bytes = request_.data().size();
  writing_ = true;
  process_->WriteStdin(std::move(*request_.mutable_data()), request_.eof(),
                       [this, bytes](const absl::Status& status) { Written(bytes, status); });
  return absl::OkStatus();
}

void WriteStdinCall::Written(size_t bytes, const absl::Status& status) {
  writing_ = false;
  if (!status.ok()) {
    FinishOnce(status);
    return;
  }
  response_.set_written_bytes(response_.written_bytes() + bytes);
  if (!finished_) StartRead(&request_);
}

void WriteStdinCall::FinishOnce(const absl::Status& status) {
  if (std::exchange(finished_, true)) return;
  if (writing_) process_->AbandonStdinWrite();
  Finish(ToGrpcStatus(status));
}

}  // namespace orch::agent
