#include "orchestrator/agent/process/stream_output_call.h"

#include <utility>

#include "orchestrator/agent/process/output_chunk.h"

namespace orch::agent {

StreamOutputCall::StreamOutputCall(const ProcessServiceContext& context,
                                   const guest::v1::StreamOutputRequest& request)
    : FollowingCall(context.children.loop), context_(context), request_(request) {
  loop().Post([this] { Start(); });
}

void StreamOutputCall::Start() {
  if (finished()) return;
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
  if (busy()) return;
  if (next_chunk_) {
    *response().mutable_output() = *std::exchange(next_chunk_, std::nullopt);
    Send();
    return;
  }
  const OutputRing::Item item = process_->ReadNext(reader_);
  const bool beyond =
      request_.no_follow() && (item.chunk == nullptr || item.chunk->sequence > last_sequence_);
  if (item.missed_bytes > 0 || (item.chunk != nullptr && !beyond)) {
    SendItem(item);
  } else if (process_->drained() || beyond) {
    SendEnd();
  }
}

void StreamOutputCall::SendItem(const OutputRing::Item& item) {
  if (item.missed_bytes > 0) {
    response().set_missed_bytes(item.missed_bytes);
    if (item.chunk != nullptr) next_chunk_ = ToProto(*item.chunk);
  } else {
    *response().mutable_output() = ToProto(*item.chunk);
  }
  Send();
}

void StreamOutputCall::SendEnd() {
  if (!process_->drained()) {
    FinishOnce(absl::OkStatus());
    return;
  }
  *response().mutable_exited() = process_->ToProto();
  SendLast();
}

void StreamOutputCall::Detach() {
  if (process_ == nullptr) return;
  process_->Unsubscribe(subscription_);
  process_->RemoveReader(reader_);
}

}  // namespace orch::agent
