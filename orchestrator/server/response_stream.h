#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/grpcpp.h"

#include "orchestrator/base/grpc_status.h"

namespace orch {

// A server-streaming call that others feed, from any thread, through a bounded queue. gRPC owns the
// call, which deletes itself in OnDone; the feed may outlive it.
//
//   auto* call = new ResponseStream<Response>(/*max_queued=*/16);
//   Start(call->feed());
//   return call;
template <typename Response>
class ResponseStream final : public grpc::ServerWriteReactor<Response> {
 public:
  // Thread-safe.
  class Feed {
   public:
    explicit Feed(ResponseStream* call, size_t max_queued) : max_queued_(max_queued), call_(call) {}

    // False when nobody listens any more: the caller is gone, or too slow for the queue, which ends
    // the call with RESOURCE_EXHAUSTED.
    bool Push(Response response) {
      absl::MutexLock lock(&mutex_);
      if (call_ == nullptr || ending_) return false;
      if (waiting_.size() >= max_queued_) {
        End(absl::ResourceExhaustedError("the stream is read too slowly: call again"));
        return false;
      }
      waiting_.push_back(std::move(response));
      WriteNext();
      return true;
    }

    // Ends the call after what was pushed. Only the first one counts.
    void Finish(absl::Status status) {
      absl::MutexLock lock(&mutex_);
      if (call_ == nullptr || ending_) return;
      ending_ = true;
      status_ = std::move(status);
      WriteNext();
    }

    // Whether nobody listens any more.
    bool ended() const {
      absl::MutexLock lock(&mutex_);
      return call_ == nullptr;
    }

    // Waits until the queue has room or nobody listens any more; returns whether it has room.
    bool AwaitRoom(absl::Duration at_most) const {
      absl::MutexLock lock(&mutex_);
      mutex_.AwaitWithTimeout(absl::Condition(this, &Feed::HasRoomOrEnded), at_most);
      return call_ != nullptr && waiting_.size() < max_queued_;
    }

   private:
    friend class ResponseStream;

    bool HasRoomOrEnded() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
      return call_ == nullptr || waiting_.size() < max_queued_;
    }

    // StartWrite and Finish only hand work to gRPC: they neither block nor call back from here.
    void WriteNext() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      if (call_ == nullptr || writing_) return;
      if (!waiting_.empty()) {
        writing_ = true;
        call_->writing_ = std::move(waiting_.front());
        waiting_.pop_front();
        call_->StartWrite(&call_->writing_);
      } else if (ending_) {
        End(status_);
      }
    }

    void End(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      waiting_.clear();
      if (call_ != nullptr) std::exchange(call_, nullptr)->Finish(ToGrpcStatus(status));
    }

    void OnWritten(bool ok) {
      absl::MutexLock lock(&mutex_);
      writing_ = false;
      if (ok) {
        WriteNext();
      } else {
        End(absl::CancelledError("the caller went away"));
      }
    }

    void OnCancelled() {
      absl::MutexLock lock(&mutex_);
      End(absl::CancelledError("the caller went away"));
    }

    const size_t max_queued_;
    mutable absl::Mutex mutex_;
    // Null once the call was finished.
    ResponseStream* call_ ABSL_GUARDED_BY(mutex_);
    std::deque<Response> waiting_ ABSL_GUARDED_BY(mutex_);
    bool writing_ ABSL_GUARDED_BY(mutex_) = false;
    bool ending_ ABSL_GUARDED_BY(mutex_) = false;
    absl::Status status_ ABSL_GUARDED_BY(mutex_);
  };

  explicit ResponseStream(size_t max_queued) : feed_(std::make_shared<Feed>(this, max_queued)) {}

  // Shared with whoever feeds it.
  const std::shared_ptr<Feed>& feed() const { return feed_; }

  // Keeps something, such as the subscription that feeds it, until the call is done. Before the
  // call is returned to gRPC.
  void Hold(std::shared_ptr<void> held) { held_ = std::move(held); }

  void OnWriteDone(bool ok) override { feed_->OnWritten(ok); }
  void OnCancel() override { feed_->OnCancelled(); }
  void OnDone() override { delete this; }

 private:
  const std::shared_ptr<Feed> feed_;
  // The message that is being written.
  Response writing_;
  std::shared_ptr<void> held_;
};

}  // namespace orch
