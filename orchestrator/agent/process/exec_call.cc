#include "orchestrator/agent/process/exec_call.h"

#include <utility>

#include "orchestrator/agent/loop/monotonic_time.h"
#include "orchestrator/base/grpc_status.h"
#include "orchestrator/base/status_macros.h"

namespace orch::agent {

ExecCall::ExecCall(const ProcessServiceContext& context, const guest::v1::ExecRequest& request,
                   guest::v1::ExecResponse& response)
    : context_(context), request_(request), response_(response) {
  context_.children.loop.Post([this] {
    if (absl::Status started = Start(); !started.ok()) FinishOnce(started);
  });
}

void ExecCall::OnCancel() {
  context_.children.loop.Post(
      [this] { FinishOnce(absl::CancelledError("cancelled by the caller")); });
}

void ExecCall::OnDone() {
  context_.children.loop.Post([this] { delete this; });
}

absl::Status ExecCall::Start() {
  if (finished_) return absl::OkStatus();
  ORCH_ASSIGN_OR_RETURN(ResolvedProcess resolved, ResolveExec(context_, request_));
  answer_.emplace(request_, context_.table.config(), response_);
  options_.child = std::move(resolved.child);
  options_.timeout = resolved.timeout;
  options_.limits = resolved.limits;
  options_.stdin_mode =
      request_.stdin().empty() ? ChildProcess::Stdin::kNull : ChildProcess::Stdin::kData;
  options_.stdin_bytes = request_.stdin();
  ORCH_ASSIGN_OR_RETURN(place_, context_.table.queue().Enter([this] {
    if (absl::Status launched = Launch(); !launched.ok()) FinishOnce(launched);
  }));
  return place_->running() ? Launch() : absl::OkStatus();
}

absl::Status ExecCall::Launch() {
  started_ = BootTime();
  ORCH_ASSIGN_OR_RETURN(child_, ChildProcess::Start(context_.children, std::move(options_), *this));
  return absl::OkStatus();
}

void ExecCall::FinishOnce(const absl::Status& status) {
  if (std::exchange(finished_, true)) return;
  // Kills what still runs.
  child_.reset();
  place_.reset();
  Finish(ToGrpcStatus(status));
}

void ExecCall::OnOutput(ChildProcess::Stream stream, absl::string_view bytes) {
  answer_->Append(stream, bytes);
}

void ExecCall::OnEnd(const ChildEnd& end, bool timed_out) {
  answer_->SetEnd(end, timed_out, BootTime() - started_);
  const bool limited = request_.spec().limits().memory_bytes() > 0 && child_->cgroup() != nullptr;
  response_.set_out_of_memory(limited && child_->cgroup()->OutOfMemory());
}

void ExecCall::OnDrained() { FinishOnce(absl::OkStatus()); }

}  // namespace orch::agent
