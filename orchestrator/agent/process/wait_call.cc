#include "orchestrator/agent/process/wait_call.h"

#include <utility>

#include "orchestrator/base/grpc_status.h"

namespace orch::agent {

WaitCall::WaitCall(const ProcessServiceContext& context, const guest::v1::WaitRequest& request,
                   guest::v1::Process& response)
    : context_(context), request_(request), response_(response) {
  context_.children.loop.Post([this] { Start(); });
}

void WaitCall::OnCancel() {
  context_.children.loop.Post(
      [this] { FinishOnce(absl::CancelledError("cancelled by the caller")); });
}

void WaitCall::OnDone() {
  context_.children.loop.Post([this] { delete this; });
}

void WaitCall::Start() {
  if (finished_) return;
  absl::StatusOr<std::shared_ptr<SpawnedProcess>> process =
      context_.table.Find(request_.process_id());
  if (!process.ok()) {
    FinishOnce(process.status());
    return;
  }
  process_ = *std::move(process);
  subscription_ = process_->Subscribe([this] { FinishWhenEnded(); });
  FinishWhenEnded();
}

void WaitCall::FinishWhenEnded() {
  if (!process_->ended()) return;
  response_ = process_->ToProto();
  FinishOnce(absl::OkStatus());
}

void WaitCall::FinishOnce(const absl::Status& status) {
  if (std::exchange(finished_, true)) return;
  if (process_ != nullptr) process_->Unsubscribe(subscription_);
  Finish(ToGrpcStatus(status));
}

}  // namespace orch::agent
