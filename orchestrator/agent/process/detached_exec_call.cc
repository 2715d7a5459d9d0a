#include "orchestrator/agent/process/detached_exec_call.h"

#include <utility>

#include "orchestrator/base/grpc_status.h"
#include "orchestrator/base/status_macros.h"

namespace orch::agent {

DetachedExecCall::DetachedExecCall(const ProcessServiceContext& context,
                                   const guest::v1::ExecRequest& request,
                                   guest::v1::ExecResponse& response)
    : context_(context), request_(request), response_(response) {
  context_.children.loop.Post([this] {
    if (absl::Status started = Start(); !started.ok()) FinishOnce(started);
  });
}

void DetachedExecCall::OnCancel() {
  context_.children.loop.Post(
      [this] { FinishOnce(absl::CancelledError("cancelled by the caller")); });
}

void DetachedExecCall::OnDone() {
  context_.children.loop.Post([this] { delete this; });
}

absl::Status DetachedExecCall::Start() {
  // A call that was cancelled before it began starts nothing.
  if (finished_) return absl::OkStatus();
  ORCH_ASSIGN_OR_RETURN(ResolvedProcess resolved, ResolveExec(context_, request_));
  answer_.emplace(request_, context_.table.config(), response_);
  guest::v1::SpawnRequest spawn;
  *spawn.mutable_spec() = request_.spec();
  spawn.set_open_stdin(!request_.stdin().empty());
  ORCH_ASSIGN_OR_RETURN(process_, context_.table.Spawn(spawn, std::move(resolved)));
  response_.set_process_id(process_->id());
  if (!request_.stdin().empty()) {
    process_->WriteStdin(request_.stdin(), true, [](const absl::Status&) {});
  }
  reader_ = process_->AddReader(0);
  subscription_ = process_->Subscribe([this] { Collect(); });
  return absl::OkStatus();
}

void DetachedExecCall::Collect() {
  // Called for each piece of output: none is dropped before it is taken.
  for (auto item = process_->ReadNext(reader_); item.chunk != nullptr;
       item = process_->ReadNext(reader_)) {
    answer_->Append(item.chunk->stream, item.chunk->bytes);
  }
  if (!process_->drained()) return;
  if (process_->status() == guest::v1::PROCESS_STATUS_FAILED) {
    FinishOnce(process_->error());
    return;
  }
  answer_->SetEnd(process_->end().value_or(ChildEnd()),
                  process_->status() == guest::v1::PROCESS_STATUS_TIMED_OUT, process_->run_time());
  response_.set_out_of_memory(process_->out_of_memory());
  FinishOnce(absl::OkStatus());
}

void DetachedExecCall::FinishOnce(const absl::Status& status) {
  if (std::exchange(finished_, true)) return;
  if (process_ != nullptr) {
    process_->Unsubscribe(subscription_);
    process_->RemoveReader(reader_);
  }
  Finish(ToGrpcStatus(status));
}

}  // namespace orch::agent
