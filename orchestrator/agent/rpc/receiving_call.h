#pragma once

#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/support/server_callback.h"

#include "orchestrator/agent/rpc/stream_threads.h"
#include "orchestrator/base/grpc_status.h"

namespace orch::agent {

// A client-streaming call that a thread serves with code that blocks. One message is read ahead;
// the client is held back by gRPC's flow control while the thread works. Derive, implement Serve,
// and in the service: `auto* call = new FooCall(...); call->Start(threads); return call;`.
//
// Belongs to gRPC until OnDone, then deletes itself.
template <typename Request>
class ReceivingCall : public grpc::ServerReadReactor<Request> {
 public:
  // Call once, right after construction. Too many calls: ends with RESOURCE_EXHAUSTED.
  void Start(StreamThreads& threads) {
    this->StartRead(&incoming_);
    if (!threads.TryRun([this] { this->Finish(ToGrpcStatus(Serve())); })) {
      this->Finish(ToGrpcStatus(threads.Refusal()));
    }
  }

  void OnReadDone(bool ok) final {
    absl::MutexLock lock(&mutex_);
    state_ = ok ? State::kReady : State::kEnded;
  }
  void OnSendInitialMetadataDone(bool ok) final {
    absl::MutexLock lock(&mutex_);
    end_ = ok ? End::kConfirmed : End::kBroken;
  }
  void OnCancel() final {
    absl::MutexLock lock(&mutex_);
    cancelled_ = true;
  }
  void OnDone() final { delete this; }

 protected:
  // The call, on a thread of its own; its result is the call's. The response is filled in before.
  virtual absl::Status Serve() = 0;

  // Waits for the next message and swaps it with `request`. OUT_OF_RANGE: the client has sent all.
  // CANCELLED: the call was cancelled or its connection broke.
  absl::Status Next(Request& request) ABSL_LOCKS_EXCLUDED(mutex_) {
    {
      absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(
          +[](ReceivingCall* self) ABSL_SHARED_LOCKS_REQUIRED(self->mutex_) {
            return self->cancelled_ || self->state_ != State::kReading;
          },
          this));
      if (cancelled_) return absl::CancelledError("cancelled by the caller");
      if (state_ == State::kReady) {
        std::swap(request, incoming_);
        state_ = State::kReading;
      }
    }
    if (ended()) return ConfirmEnd();
    this->StartRead(&incoming_);
    return absl::OkStatus();
  }

  // CANCELLED once the call was cancelled.
  absl::Status CheckCancelled() const ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    return cancelled_ ? absl::CancelledError("cancelled by the caller") : absl::OkStatus();
  }

 private:
  enum class State { kReading, kReady, kEnded };
  enum class End { kUnknown, kConfirmed, kBroken };

  bool ended() const ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    return state_ == State::kEnded;
  }

  // A read also ends when the call is cancelled or the connection breaks, and OnCancel may come
  // later than that: taking it for the client's end would keep half an upload. Only a stream that
  // is whole takes the initial metadata.
  absl::Status ConfirmEnd() ABSL_LOCKS_EXCLUDED(mutex_) {
    if (!std::exchange(asked_, true)) this->StartSendInitialMetadata();
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(
        +[](ReceivingCall* self)
             ABSL_SHARED_LOCKS_REQUIRED(self->mutex_) { return self->end_ != End::kUnknown; },
        this));
    if (cancelled_ || end_ == End::kBroken) {
      return absl::CancelledError("cancelled by the caller");
    }
    return absl::OutOfRangeError("the client has sent all");
  }

  // Of gRPC while it reads, else of the thread.
  Request incoming_;
  // Of the thread.
  bool asked_ = false;
  mutable absl::Mutex mutex_;
  State state_ ABSL_GUARDED_BY(mutex_) = State::kReading;
  End end_ ABSL_GUARDED_BY(mutex_) = End::kUnknown;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace orch::agent
