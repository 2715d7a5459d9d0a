#include "orchestrator/agent/process/attach_call.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "orchestrator/agent/process/input_size.h"
#include "orchestrator/agent/process/output_chunk.h"
#include "orchestrator/agent/process/terminal_fields.h"
#include "orchestrator/base/quoted.h"
#include "orchestrator/base/status_macros.h"

namespace orch::agent {

AttachCall::AttachCall(const ProcessServiceContext& context)
    : FollowingCall(context.children.loop), context_(context) {
  StartRead(&request_);
}

void AttachCall::OnReadDone(bool ok) {
  loop().Post([this, ok] {
    if (finished()) return;
    if (!ok && process_ == nullptr) {
      FinishOnce(absl::InvalidArgumentError("process_id is needed in the first message"));
      return;
    }
    // The client types no more; it still sees what happens.
    if (!ok) return;
    if (const absl::Status taken = Take(); !taken.ok()) FinishOnce(taken);
  });
}

absl::Status AttachCall::Take() {
  ORCH_RETURN_IF_ERROR(CheckInputSize(request_.data(), context_.table.config()));
  std::optional<TerminalSize> size;
  if (request_.has_resize()) {
    ORCH_ASSIGN_OR_RETURN(size,
                          ParseTerminalSize(request_.resize().rows(), request_.resize().cols()));
  }
  if (process_ == nullptr) ORCH_RETURN_IF_ERROR(Open());
  // What is typed or resized after the end is of no use, and no error: the client learns of the
  // end.
  if (size && !process_->ended()) ORCH_RETURN_IF_ERROR(process_->Resize(*size));
  if (request_.data().empty() || process_->ended()) {
    StartRead(&request_);
    return absl::OkStatus();
  }
  typing_ = true;
  process_->WriteStdin(std::move(*request_.mutable_data()), false,
                       [this](const absl::Status& status) { Typed(status); });
  return absl::OkStatus();
}

absl::Status AttachCall::Open() {
  ORCH_ASSIGN_OR_RETURN(std::shared_ptr<SpawnedProcess> process,
                        context_.table.Find(request_.process_id()));
  if (!process->has_terminal()) {
    return absl::FailedPreconditionError(
        absl::StrCat("process ", Quoted(process->id()),
                     " has no terminal; use StreamOutput and WriteStdin, or Spawn with "
                     "allocate_tty"));
  }
  process_ = std::move(process);
  reader_ = process_->AddReader(request_.has_from_sequence() ? request_.from_sequence()
                                                             : process_->last_sequence() + 1);
  subscription_ = process_->Subscribe([this] { SendNext(); });
  *response().mutable_attached() = process_->ToProto();
  Send();
  return absl::OkStatus();
}

void AttachCall::Typed(const absl::Status& status) {
  typing_ = false;
  if (finished()) return;
  // The process has ended: the client learns of that by itself.
  if (!status.ok() && !absl::IsFailedPrecondition(status)) {
    FinishOnce(status);
    return;
  }
  StartRead(&request_);
}

void AttachCall::SendNext() {
  if (busy()) return;
  if (next_chunk_) {
    *response().mutable_output() = *std::exchange(next_chunk_, std::nullopt);
    Send();
    return;
  }
  const OutputRing::Item item = process_->ReadNext(reader_);
  if (item.missed_bytes > 0) {
    response().set_missed_bytes(item.missed_bytes);
    if (item.chunk != nullptr) next_chunk_ = ToProto(*item.chunk);
    Send();
  } else if (item.chunk != nullptr) {
    *response().mutable_output() = ToProto(*item.chunk);
    Send();
  } else if (process_->drained()) {
    *response().mutable_exited() = process_->ToProto();
    SendLast();
  }
}

void AttachCall::Detach() {
  if (process_ == nullptr) return;
  process_->Unsubscribe(subscription_);
  process_->RemoveReader(reader_);
  if (typing_) process_->AbandonStdinWrite();
}

}  // namespace orch::agent
