#include "orchestrator/agent/process/stream_output_call.h"

#include <utility>

#include "orchestrator/agent/process/output_chunk.h"
#include "orchestrator/base/grpc_status.h"

namespace orch::agent {
StreamOutputCall::StreamOutputCall(const ProcessServiceContext& context,
                                   const guest::v1::StreamOutputRequest& request)
    : context_(context), request_(request) {
  context_.children.loop.Post([this] { Start(); });
}

void StreamOutputCall::OnWriteDone(bool ok) {
  context_.children.loop.Post([this, ok] {
    sending_ = false;
    if (finished_) {
      Finish(ToGrpcStatus(end_));
    } else if (ok) {
      SendNext();
    } else {
      FinishOnce(absl::CancelledError("the caller has gone"));
    }
  });
}

void StreamOutputCall::OnCancel() {
  context_.children.loop.Post(
      [this] { FinishOnce(absl::CancelledError("cancelled by the caller")); });
}

void StreamOutputCall::OnDone() {
  context_.children.loop.Post([this] { delete this; });
}

void StreamOutputCall::Start() {
  if (finished_) return;
  absl::StatusOr<std::shared_ptr<SpawnedProcess>> process =
      context_.table.Find(request_.process_id());
  if (!process.ok()) {
    FinishOnce(process.status());
    return;
  }
  process_ = *std::move(process);
  last_sequence_ = process_->last_sequence();
  reader_ = process_->AddReader(request_.from_sequence());
  subscription_ = process_->Subscribe([this] { SendNext(); });
  SendNext();
}

void StreamOutputCall::SendNext() {
  if (sending_ || finished_) return;
  if (next_chunk_) {
    *response_.mutable_output() = *std::move(next_chunk_);
    next_chunk_.reset();
    sending_ = true;
    StartWrite(&response_);
    return;
  }
  const OutputRing::Item item = process_->ReadNext(reader_);
  const bool beyond =
      request_.no_follow() && (item.chunk == nullptr || item.chunk->sequence > last_sequence_);
  if (item.missed_bytes > 0 || (item.chunk != nullptr && !beyond)) {
    Send(item);
  } else if (process_->drained() || beyond) {
    SendEnd();
  }
}

void StreamOutputCall::Send(const OutputRing::Item& item) {
  sending_ = true;
  if (item.missed_bytes > 0) {
    response_.set_missed_bytes(item.missed_bytes);
    if (item.chunk != nullptr) next_chunk_ = ToProto(*item.chunk);
  } else {
    *response_.mutable_output() = ToProto(*item.chunk);
  }
  StartWrite(&response_);
}

void StreamOutputCall::SendEnd() {
  if (!process_->drained()) {
    FinishOnce(absl::OkStatus());
    return;
  }
  finished_ = true;
  process_->Unsubscribe(subscription_);
  process_->RemoveReader(reader_);
  *response_.mutable_exited() = process_->ToProto();
  StartWriteAndFinish(&response_, grpc::WriteOptions(), grpc::Status::OK);
}

void StreamOutputCall::FinishOnce(const absl::Status& status) {
  if (std::exchange(finished_, true)) return;
  if (process_ != nullptr) {
    process_->Unsubscribe(subscription_);
    process_->RemoveReader(reader_);
  }
  end_ = status;
  // Else when the message under way has been sent.
  if (!sending_) Finish(ToGrpcStatus(end_));
}

}  // namespace orch::agent
