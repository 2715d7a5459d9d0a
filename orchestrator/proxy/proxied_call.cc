#include "orchestrator/proxy/proxied_call.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "grpcpp/generic/generic_stub.h"

#include "orchestrator/base/grpc_status.h"
#include "orchestrator/base/log.h"
#include "orchestrator/proxy/session_id_field.h"

namespace orch {
namespace {

absl::Time ToAbslTime(std::chrono::system_clock::time_point deadline) {
  // What gRPC says where the caller gave none.
  if (deadline == std::chrono::system_clock::time_point::max()) return absl::InfiniteFuture();
  return absl::FromChrono(deadline);
}

absl::Status CallerCancelled() { return absl::CancelledError("the caller cancelled the call"); }

}  // namespace

grpc::ServerGenericBidiReactor* ProxiedCall::Start(grpc::GenericCallbackServerContext& context,
                                                   const MethodShape& shape, GuestAccess& guests,
                                                   size_t max_message_bytes) {
  const std::shared_ptr<ProxiedCall> call(
      new ProxiedCall(context, shape, guests, max_message_bytes));
  call->caller_reference_ = call;
  call->caller_.StartRead(&call->request_);
  return &call->caller_;
}

ProxiedCall::ProxiedCall(grpc::GenericCallbackServerContext& context, const MethodShape& shape,
                         GuestAccess& guests, size_t max_message_bytes)
    : context_(context),
      guests_(guests),
      shape_(shape),
      method_(context.method()),
      deadline_(context.deadline()),
      max_message_bytes_(max_message_bytes) {}

void ProxiedCall::OnCallerRead(bool ok) {
  {
    absl::ReleasableMutexLock lock(&mutex_);
    if (phase_ == Phase::kFirstMessage) {
      lock.Release();
      return OnFirstMessage(ok);
    }
    if (upload_ == Upload::kEnded) return;
    upload_ = ok ? Upload::kWriting : Upload::kEnded;
  }
  if (ok) {
    guest_.StartWrite(&request_);
    return;
  }
  // A cancelled caller must not look like one that has sent everything.
  if (context_.IsCancelled()) {
    guest_context_.TryCancel();
  } else {
    guest_.StartWritesDone();
  }
  guest_.RemoveHold();
}

void ProxiedCall::OnFirstMessage(bool ok) {
  if (!ok) {
    return FinishWithoutGuest(
        context_.IsCancelled() ? CallerCancelled()
                               : absl::InvalidArgumentError(
                                     "session_id is required: the call ended without a message"));
  }
  const absl::StatusOr<SessionId> id = ReadSessionId(request_);
  if (!id.ok()) return FinishWithoutGuest(id.status());
  session_id_ = id->value();
  bool cancelled = false;
  {
    absl::MutexLock lock(&mutex_);
    cancelled = cancelled_;
    if (!cancelled) phase_ = Phase::kLeasing;
  }
  if (cancelled) return FinishWithoutGuest(CallerCancelled());
  guests_.Lease(*id, ToAbslTime(deadline_),
                [call = shared_from_this()](absl::StatusOr<GuestLease> lease) {
                  call->OnLease(std::move(lease));
                });
}

void ProxiedCall::FinishWithoutGuest(const absl::Status& status) {
  {
    absl::MutexLock lock(&mutex_);
    if (phase_ == Phase::kFinished) return;
    phase_ = Phase::kFinished;
  }
  caller_.Finish(ToGrpcStatus(status));
}

void ProxiedCall::OnCallerCancelled() {
  Phase phase;
  {
    absl::MutexLock lock(&mutex_);
    cancelled_ = true;
    phase = phase_;
    if (phase == Phase::kLeasing) phase_ = Phase::kFinished;
  }
  // In FIRST_MESSAGE the read fails now, or has just succeeded and OnFirstMessage sees
  // `cancelled_`.
  if (phase == Phase::kLeasing) caller_.Finish(ToGrpcStatus(CallerCancelled()));
  if (phase == Phase::kForwarding) guest_context_.TryCancel();
}

void ProxiedCall::OnLease(absl::StatusOr<GuestLease> lease) {
  if (!lease.ok()) return FinishWithoutGuest(lease.status());
  {
    absl::MutexLock lock(&mutex_);
    if (phase_ != Phase::kLeasing) return;
    phase_ = Phase::kForwarding;
    upload_ = shape_.client_streaming ? Upload::kWriting : Upload::kEnded;
  }
  lease_.emplace(*std::move(lease));
  revocation_.emplace(lease_->revoked(), [this] { guest_context_.TryCancel(); });
  StartGuestCall();
}

void ProxiedCall::StartGuestCall() {
  guest_reference_ = shared_from_this();
  guest_context_.set_deadline(deadline_);
  // Headers go out with the first message, and so does the half-close where there is but one.
  guest_context_.set_initial_metadata_corked(true);
  grpc::GenericStub(lease_->channel())
      .PrepareBidiStreamingCall(&guest_context_, method_, grpc::StubOptions(), &guest_);
  guest_.AddMultipleHolds(2);
  if (shape_.client_streaming) {
    guest_.StartWrite(&request_);
  } else {
    guest_.StartWriteLast(&request_, grpc::WriteOptions());
  }
  // Other downloads begin when the headers are there.
  if (unary()) guest_.StartRead(&response_);
  guest_.StartCall();
  if (!shape_.client_streaming) guest_.RemoveHold();
}

void ProxiedCall::OnGuestWritten(bool ok) {
  request_.Clear();
  bool ended = false;
  {
    absl::MutexLock lock(&mutex_);
    if (upload_ == Upload::kEnded) return;
    ended = !ok || guest_ended_;
    upload_ = ended ? Upload::kEnded : Upload::kReading;
  }
  if (ended) {
    guest_.RemoveHold();
  } else {
    caller_.StartRead(&request_);
  }
}

void ProxiedCall::OnGuestHeaders(bool ok) {
  if (unary()) return;
  if (!ok) return EndFlows();
  // The caller may be waiting for them before it sends on. In this order: the next write must not
  // send them, too.
  caller_.StartSendInitialMetadata();
  guest_.StartRead(&response_);
}

void ProxiedCall::OnGuestRead(bool ok) {
  if (unary()) {
    has_response_ = ok && TakeResponse();
    guest_.RemoveHold();
  } else if (ok && TakeResponse()) {
    caller_.StartWrite(&response_);
  } else {
    EndFlows();
  }
}

bool ProxiedCall::TakeResponse() {
  if (response_.Length() <= max_message_bytes_) return true;
  failure_ = absl::ResourceExhaustedError(
      absl::StrCat("browser ", session_id_, ": its guest sent a message of ", response_.Length(),
                   " bytes, at most ", max_message_bytes_, " are forwarded: ask for less at once"));
  guest_context_.TryCancel();
  return false;
}

void ProxiedCall::OnCallerWritten(bool ok) {
  response_.Clear();
  if (ok) {
    guest_.StartRead(&response_);
    return;
  }
  // The caller is gone: its reads fail, too, and end the upload.
  guest_context_.TryCancel();
  guest_.RemoveHold();
}

void ProxiedCall::EndFlows() {
  bool end_upload = false;
  {
    absl::MutexLock lock(&mutex_);
    guest_ended_ = true;
    end_upload = upload_ == Upload::kReading;
    if (end_upload) upload_ = Upload::kEnded;
  }
  if (end_upload) guest_.RemoveHold();
  guest_.RemoveHold();
}

void ProxiedCall::OnGuestDone(const grpc::Status& status) {
  const absl::Status outcome = Outcome(status);
  revocation_.reset();
  lease_.reset();
  {
    absl::MutexLock lock(&mutex_);
    phase_ = Phase::kFinished;
  }
  if (outcome.ok() && unary()) {
    caller_.StartWriteAndFinish(&response_, grpc::WriteOptions(), grpc::Status::OK);
  } else {
    caller_.Finish(ToGrpcStatus(outcome));
  }
}

absl::Status ProxiedCall::Outcome(const grpc::Status& status) {
  if (!failure_.ok()) return failure_;
  if (absl::Status revoked = lease_->revoked().status(); !revoked.ok() && !status.ok()) {
    return revoked;
  }
  // Codes that are none become UNKNOWN here.
  const absl::Status outcome = FromGrpcStatus(status);
  if (outcome.ok() && unary() && !has_response_) {
    return absl::InternalError(
        absl::StrCat("browser ", session_id_, ": its guest answered without a message"));
  }
  // gRPC says UNAVAILABLE when the connection broke, and then there are no trailers. Trailers prove
  // that the guest itself said so ("nothing listens on that port") over a connection that works.
  if (outcome.code() != absl::StatusCode::kUnavailable ||
      !guest_context_.GetServerTrailingMetadata().empty()) {
    return outcome;
  }
  lease_->ReportBroken();
  Log(LogLevel::kWarning, "guest_call_broken",
      {{"session_id", session_id_}, {"rpc", method_}, {"status", outcome}});
  return absl::UnavailableError(absl::StrCat("browser ", session_id_,
                                             ": its guest went away during the call; get the "
                                             "browser to see whether it lives, then try again (",
                                             outcome.message(), ")"));
}

}  // namespace orch
