#include "orchestrator/agent/process/wait_call.h"

#include <utility>

#include "absl/status/statusor.h"

namespace orch::agent {

WaitCall::WaitCall(const ProcessServiceContext& context, const guest::v1::WaitRequest& request,
                   guest::v1::Process& response)
    : LoopCall(context.children.loop), context_(context), request_(request), response_(response) {
  loop().Post([this] { Start(); });
}

void WaitCall::Start() {
  if (finished()) return;
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

void WaitCall::Detach() {
  if (process_ != nullptr) process_->Unsubscribe(subscription_);
}

}  // namespace orch::agent
