#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/client_context.h"
#include "grpcpp/generic/async_generic_service.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/client_callback.h"

#include "orchestrator/base/cancel_token.h"
#include "orchestrator/browser/guest_access.h"
#include "orchestrator/browser/guest_lease.h"
#include "orchestrator/proxy/exposed_methods.h"

namespace orch {

// One forwarded call: a reactor on the caller's side, one on the guest's, and what joins them.
// Internal to GuestProxy.
//
//   FIRST_MESSAGE -> LEASING -> FORWARDING -> FINISHED      the caller is finished on the way into
//   FINISHED, once
//
// FIRST_MESSAGE  reads the caller's first message, which names the browser.
// LEASING        GuestAccess makes the guest callable. A caller that cancels meanwhile is finished
// at once, and the
//                lease is dropped when it arrives.
// FORWARDING     two independent flows, each of which alternates strictly between a read here and a
// write there:
//                upload (caller to guest) and download (guest to caller). Ends when the guest's
//                side is done.
// FINISHED       gRPC lets go of both sides.
//
// Who lives how long. The reactors are members, so the object lives until both sides are done: each
// side owns a reference to it from its start to its OnDone, the pending lease owns one, and the
// last to go deletes it.
//
// Which stream may be used where. gRPC destroys a stream as soon as its last operation and reaction
// are over:
//   - The guest's reactions may use the caller's stream: it is finished only in the guest's OnDone,
//   the last of them.
//   - The caller's reactions may use the guest's stream only under a hold, which keeps back the
//   guest's OnDone. Each
//     flow has one from StartCall to its own end. When the guest has ended, a silent caller may
//     keep the upload READING for ever, so then the download ends the upload. An upload that is
//     WRITING is ended by OnGuestWritten.
//
// A flow's buffer belongs to the one operation or reaction in which the flow is, and needs no
// mutex. The mutex guards the few fields below; no gRPC call is made under it.
class ProxiedCall : public std::enable_shared_from_this<ProxiedCall> {
 public:
  // Starts the call that `context` describes. The reactor lives until gRPC is done with it.
  // `guests` is used until Lease() was called, so it must outlive the server's calls.
  static grpc::ServerGenericBidiReactor* Start(grpc::GenericCallbackServerContext& context,
                                               const MethodShape& shape, GuestAccess& guests,
                                               size_t max_message_bytes);

  ProxiedCall(const ProxiedCall&) = delete;
  ProxiedCall& operator=(const ProxiedCall&) = delete;

 private:
  class CallerSide : public grpc::ServerGenericBidiReactor {
   public:
    explicit CallerSide(ProxiedCall& call) : call_(call) {}
    void OnReadDone(bool ok) override { call_.OnCallerRead(ok); }
    void OnWriteDone(bool ok) override { call_.OnCallerWritten(ok); }
    void OnCancel() override { call_.OnCallerCancelled(); }
    void OnDone() override { const auto last_use = std::move(call_.caller_reference_); }

   private:
    ProxiedCall& call_;
  };

  class GuestSide : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
   public:
    explicit GuestSide(ProxiedCall& call) : call_(call) {}
    void OnReadInitialMetadataDone(bool ok) override { call_.OnGuestHeaders(ok); }
    void OnReadDone(bool ok) override { call_.OnGuestRead(ok); }
    void OnWriteDone(bool ok) override { call_.OnGuestWritten(ok); }
    void OnDone(const grpc::Status& status) override {
      const auto last_use = std::move(call_.guest_reference_);
      call_.OnGuestDone(status);
    }

   private:
    ProxiedCall& call_;
  };

  enum class Phase { kFirstMessage, kLeasing, kForwarding, kFinished };
  enum class Upload { kReading, kWriting, kEnded };

  ProxiedCall(grpc::GenericCallbackServerContext& context, const MethodShape& shape,
              GuestAccess& guests, size_t max_message_bytes);

  // One message each way: the answer waits for the guest's status and goes out together with it.
  bool unary() const { return !shape_.client_streaming && !shape_.server_streaming; }

  void OnCallerRead(bool ok);
  void OnCallerWritten(bool ok);
  void OnCallerCancelled();
  void OnGuestHeaders(bool ok);
  void OnGuestRead(bool ok);
  void OnGuestWritten(bool ok);
  void OnGuestDone(const grpc::Status& status);

  void OnFirstMessage(bool ok);
  void OnLease(absl::StatusOr<GuestLease> lease);
  // Finishes the caller, unless it is finished. Not in FORWARDING.
  void FinishWithoutGuest(const absl::Status& status);
  void StartGuestCall();
  // Ends the download, and the upload where nothing else will.
  void EndFlows();
  // Whether `response_` is small enough; else cancels the guest's call and settles what the caller
  // is told.
  bool TakeResponse();
  // What the caller is told when the guest's call ended with `status`. Tells the lease when the
  // connection broke.
  absl::Status Outcome(const grpc::Status& status);

  grpc::GenericCallbackServerContext& context_;  // Valid until the caller's OnDone.
  GuestAccess& guests_;
  const MethodShape shape_;
  const std::string method_;
  const std::chrono::system_clock::time_point deadline_;
  const size_t max_message_bytes_;

  CallerSide caller_{*this};
  GuestSide guest_{*this};
  grpc::ClientContext guest_context_;
  // See "who lives how long".
  std::shared_ptr<ProxiedCall> caller_reference_;
  std::shared_ptr<ProxiedCall> guest_reference_;

  // Set in LEASING, before the guest's call starts.
  std::string session_id_;
  std::optional<GuestLease> lease_;
  std::optional<CancelToken::Interruption> revocation_;

  grpc::ByteBuffer request_;   // The upload's.
  grpc::ByteBuffer response_;  // The download's.
  bool has_response_ = false;  // The download's; for unary calls.
  absl::Status failure_;       // The download's: why this side ended the guest's call.

  absl::Mutex mutex_;
  Phase phase_ ABSL_GUARDED_BY(mutex_) = Phase::kFirstMessage;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  Upload upload_ ABSL_GUARDED_BY(mutex_) = Upload::kEnded;
  bool guest_ended_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace orch
