#include "orchestrator/agent/replay/replay_call.h"

#include <utility>

#include "orchestrator/base/grpc_status.h"

namespace orch::agent {

ReplayCall::ReplayCall(EventLoop& loop, Steps steps, guest::v1::Replay& response)
    : loop_(loop), steps_(std::move(steps)), response_(response) {
  loop_.Post([this] { Start(); });
}

void ReplayCall::OnCancel() {
  loop_.Post([this] {
    if (!finished_ && recording_ != nullptr) steps_.cancelled(*recording_);
    FinishOnce(absl::CancelledError("cancelled by the caller"));
  });
}

void ReplayCall::OnDone() {
  loop_.Post([this] { delete this; });
}

void ReplayCall::Start() {
  if (finished_) return;
  absl::StatusOr<std::shared_ptr<Recording>> recording = steps_.begin();
  if (!recording.ok()) {
    FinishOnce(recording.status());
    return;
  }
  recording_ = *std::move(recording);
  subscription_ = recording_->Subscribe([this] { FinishWhenDone(); });
  FinishWhenDone();
}

void ReplayCall::FinishWhenDone() {
  const std::optional<absl::Status> end = steps_.end(*recording_);
  if (!end) return;
  response_ = recording_->ToProto();
  FinishOnce(*end);
}

void ReplayCall::FinishOnce(const absl::Status& status) {
  if (std::exchange(finished_, true)) return;
  if (recording_ != nullptr) recording_->Unsubscribe(subscription_);
  Finish(ToGrpcStatus(status));
}

}  // namespace orch::agent
