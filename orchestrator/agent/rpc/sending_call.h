#pragma once

#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/support/server_callback.h"

#include "orchestrator/agent/rpc/stream_threads.h"
#include "orchestrator/base/grpc_status.h"

namespace orch::agent {

// A server-streaming call that a thread serves with code that blocks. One message is under way
// while the thread makes the next one; a slow client holds the thread back. Derive, implement
// Serve, and in the service: `auto* call = new FooCall(...); call->Start(threads); return call;`.
//
// Belongs to gRPC until OnDone, then deletes itself.
template <typename Response>
class SendingCall : public grpc::ServerWriteReactor<Response> {
 public:
  // Call once, right after construction. Too many calls: ends with RESOURCE_EXHAUSTED.
  void Start(StreamThreads& threads) {
    if (!threads.TryRun([this] { Run(); })) this->Finish(ToGrpcStatus(threads.Refusal()));
  }

  void OnWriteDone(bool ok) final {
    absl::MutexLock lock(&mutex_);
    writing_ = false;
    cancelled_ |= !ok;
  }
  void OnCancel() final {
    absl::MutexLock lock(&mutex_);
    cancelled_ = true;
  }
  void OnDone() final { delete this; }

 protected:
  // The call, on a thread of its own; its result is the call's.
  virtual absl::Status Serve() = 0;

  // Waits until the message before is on its way and swaps `response` with an old one, whose memory
  // can be used again. CANCELLED: the call was cancelled.
  absl::Status Send(Response& response) ABSL_LOCKS_EXCLUDED(mutex_) {
    if (!AwaitIdle()) return absl::CancelledError("cancelled by the caller");
    std::swap(outgoing_, response);
    this->StartWrite(&outgoing_);
    return absl::OkStatus();
  }

  // CANCELLED once the call was cancelled.
  absl::Status CheckCancelled() const ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    return cancelled_ ? absl::CancelledError("cancelled by the caller") : absl::OkStatus();
  }

 private:
  void Run() {
    const absl::Status status = Serve();
    AwaitIdle();
    this->Finish(ToGrpcStatus(status));
  }

  // Waits until no message is under way and marks one as such; false once cancelled.
  bool AwaitIdle() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(
        +[](SendingCall* self) ABSL_SHARED_LOCKS_REQUIRED(self->mutex_) { return !self->writing_; },
        this));
    writing_ = !cancelled_;
    return !cancelled_;
  }

  // Of gRPC while it writes, else of the thread.
  Response outgoing_;
  mutable absl::Mutex mutex_;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace orch::agent
