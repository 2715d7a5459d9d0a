#include "orchestrator/agent/process/signal_call.h"

#include <optional>
#include <utility>

#include "orchestrator/agent/process/parse_signal.h"
#include "orchestrator/agent/rpc/duration_field.h"
#include "orchestrator/base/grpc_status.h"
#include "orchestrator/base/status_macros.h"

namespace orch::agent {
namespace {

constexpr absl::Duration kMaxWait = absl::Minutes(10);

absl::StatusOr<ChildProcess::SignalScope> ParseScope(guest::v1::SignalScope scope) {
  switch (scope) {
    case guest::v1::SIGNAL_SCOPE_UNSPECIFIED:
    case guest::v1::SIGNAL_SCOPE_GROUP:
      return ChildProcess::SignalScope::kGroup;
    case guest::v1::SIGNAL_SCOPE_PROCESS:
      return ChildProcess::SignalScope::kProcess;
    case guest::v1::SIGNAL_SCOPE_TREE:
      return ChildProcess::SignalScope::kTree;
    default:
      return absl::InvalidArgumentError("scope must be GROUP, PROCESS, TREE or not set");
  }
}

}  // namespace

SignalCall::SignalCall(const ProcessServiceContext& context,
                       const guest::v1::SignalRequest& request, guest::v1::Process& response)
    : context_(context), request_(request), response_(response) {
  context_.children.loop.Post([this] {
    if (const absl::Status started = Start(); !started.ok()) FinishOnce(started);
  });
}

void SignalCall::OnCancel() {
  context_.children.loop.Post(
      [this] { FinishOnce(absl::CancelledError("cancelled by the caller")); });
}

void SignalCall::OnDone() {
  context_.children.loop.Post([this] { delete this; });
}

absl::Status SignalCall::Start() {
  if (finished_) return absl::OkStatus();
  ORCH_ASSIGN_OR_RETURN(const int signal, ParseSignal(request_.signal()));
  ORCH_ASSIGN_OR_RETURN(const ChildProcess::SignalScope scope, ParseScope(request_.scope()));
  std::optional<absl::Duration> kill_after;
  absl::Duration wait;
  if (request_.has_kill_after()) {
    ORCH_ASSIGN_OR_RETURN(kill_after, DurationField("kill_after", request_.kill_after(),
                                                    absl::ZeroDuration(), kMaxWait));
  }
  if (request_.has_wait()) {
    ORCH_ASSIGN_OR_RETURN(wait,
                          DurationField("wait", request_.wait(), absl::ZeroDuration(), kMaxWait));
  }
  ORCH_ASSIGN_OR_RETURN(std::shared_ptr<SpawnedProcess> process,
                        context_.table.Find(request_.process_id()));
  ORCH_RETURN_IF_ERROR(process->Signal(signal, scope));
  if (kill_after) process->KillAfter(*kill_after);
  process_ = std::move(process);
  if (wait == absl::ZeroDuration()) {
    response_ = process_->ToProto();
    FinishOnce(absl::OkStatus());
    return absl::OkStatus();
  }
  wait_timer_ = context_.children.loop.RunAfter(wait, [this] {
    response_ = process_->ToProto();
    FinishOnce(absl::OkStatus());
  });
  subscription_ = process_->Subscribe([this] { FinishWhenEnded(); });
  FinishWhenEnded();
  return absl::OkStatus();
}

void SignalCall::FinishWhenEnded() {
  if (!process_->ended()) return;
  response_ = process_->ToProto();
  FinishOnce(absl::OkStatus());
}

void SignalCall::FinishOnce(const absl::Status& status) {
  if (std::exchange(finished_, true)) return;
  context_.children.loop.CancelTimer(wait_timer_);
  if (process_ != nullptr) process_->Unsubscribe(subscription_);
  Finish(ToGrpcStatus(status));
}

}  // namespace orch::agent
