#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/client_context.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/support/client_callback.h"

#include "orchestrator/gateway/routes/call.h"

namespace orch::gateway {

// Where the bytes of an upload come from: calls back with the next piece, which is empty at the
// end, or with an error.
using PieceSource = std::function<void(absl::AnyInvocable<void(absl::StatusOr<std::string>)>)>;

// The call behind SendUpload. It keeps itself until the call's end. A read is always under way: by
// its end it is known that the daemon is done, also while the source is waited for. The hold is of
// whoever writes or waits for the source.
template <typename Request, typename Response>
class Upload : public grpc::ClientBidiReactor<Request, Response>,
               public std::enable_shared_from_this<Upload<Request, Response>> {
 public:
  using Done = absl::AnyInvocable<void(absl::StatusOr<Response>)>;

  Upload(std::shared_ptr<Call> call, Request first, PieceSource source, Done done)
      : call_(std::move(call)),
        stub_(call_->backend().channel),
        request_(std::move(first)),
        source_(std::move(source)),
        done_(std::move(done)) {}

  void Start(const std::string& method) {
    self_ = this->shared_from_this();
    call_->exchange().OnGone(Exchange::Patience::kGiveUp,
                             [kept = self_] { kept->context_.TryCancel(); });
    stub_.PrepareBidiStreamingCall(&context_, method, {}, this);
    this->AddHold();
    // Sent without data, too: what is wrong with a path is found out before anything is sent there.
    this->StartWrite(&request_);
    this->StartRead(&response_);
    this->StartCall();
  }

  void OnReadDone(bool ok) override {
    if (ok) return this->StartRead(&nothing_);
    {
      absl::MutexLock lock(&mutex_);
      over_ = true;
      if (!waiting_) return;
    }
    this->RemoveHold();
  }

  void OnWriteDone(bool ok) override {
    // OnDone has the reason.
    if (!ok) return this->RemoveHold();
    request_.Clear();
    bool wait = false;
    {
      absl::MutexLock lock(&mutex_);
      wait = waiting_ = !over_;
    }
    if (!wait) return this->RemoveHold();
    source_([self = self_](absl::StatusOr<std::string> piece) { self->OnPiece(std::move(piece)); });
  }

  void OnDone(const grpc::Status& status) override {
    const std::shared_ptr<Upload> last_use = std::move(self_);
    // It keeps this, which keeps the exchange.
    call_->exchange().OnGone(Exchange::Patience::kFinish, nullptr);
    if (!source_error_.ok()) return done_(source_error_);
    if (!status.ok()) return done_(FromGrpcStatus(status));
    done_(std::move(response_));
  }

 private:
  void OnPiece(absl::StatusOr<std::string> piece) {
    {
      absl::MutexLock lock(&mutex_);
      waiting_ = false;
      if (over_) return;
    }
    if (!piece.ok()) {
      source_error_ = piece.status();
      context_.TryCancel();
      return this->RemoveHold();
    }
    if (piece->empty()) {
      this->StartWritesDone();
      return this->RemoveHold();
    }
    request_.set_data(*std::move(piece));
    this->StartWrite(&request_);
  }

  const std::shared_ptr<Call> call_;
  grpc::TemplatedGenericStub<Request, Response> stub_;
  Request request_;
  const PieceSource source_;
  Done done_;
  Response response_;
  // There is no second response.
  Response nothing_;
  absl::Status source_error_;
  grpc::ClientContext context_;
  std::shared_ptr<Upload> self_;

  absl::Mutex mutex_;
  // For the source.
  bool waiting_ ABSL_GUARDED_BY(mutex_) = false;
  bool over_ ABSL_GUARDED_BY(mutex_) = false;
};

// Sends a stream of pieces to the daemon's `method`, each when the one before was taken, as the
// field `data` of requests; `first` has what the first one needs besides it. `done` has the
// outcome: the daemon's, as soon as there is one, or the source's error.
//
//   SendUpload<WriteFileRequest, WriteFileResponse>(
//       call, "/guest.v1.FileSystemService/WriteFile", first, source, done);
template <typename Request, typename Response, typename Done>
void SendUpload(const std::shared_ptr<Call>& call, const std::string& method, Request first,
                PieceSource source, Done done) {
  std::make_shared<Upload<Request, Response>>(call, std::move(first), std::move(source),
                                              std::move(done))
      ->Start(method);
}

}  // namespace orch::gateway
