#pragma once

#include "absl/status/status.h"

#include "orchestrator/agent/loop/event_loop.h"
#include "orchestrator/agent/rpc/loop_call.h"
#include "orchestrator/base/grpc_status.h"

namespace orch::agent {

// A LoopCall that sends a stream of what happens. One message is under way at a time: a slow client
// holds back what it follows, or misses some of it. `Reactor` takes `Response`s.
template <typename Reactor, typename Response>
class FollowingCall : public LoopCall<Reactor> {
 public:
  void OnWriteDone(bool ok) final {
    this->loop().Post([this, ok] {
      sending_ = false;
      if (this->finished()) {
        this->Finish(ToGrpcStatus(end_));
      } else if (ok) {
        response_.Clear();
        SendNext();
      } else {
        this->FinishOnce(absl::CancelledError("the caller has gone"));
      }
    });
  }

 protected:
  explicit FollowingCall(EventLoop& loop) : LoopCall<Reactor>(loop) {}

  // Sends the next message, if there is one and the call is not busy().
  virtual void SendNext() = 0;

  // A message is under way, or the call has ended.
  bool busy() const { return sending_ || this->finished(); }

  // The next message; empty unless the call is busy.
  Response& response() { return response_; }

  void Send() {
    sending_ = true;
    this->StartWrite(&response_);
  }

  // Sends response() and ends the call well. It is not busy.
  void SendLast() {
    if (!this->EndOnce()) return;
    this->StartWriteAndFinish(&response_, grpc::WriteOptions(), grpc::Status::OK);
  }

 private:
  void End(const absl::Status& status) final {
    end_ = status;
    // Else when the message under way has been sent.
    if (!sending_) this->Finish(ToGrpcStatus(end_));
  }

  Response response_;
  bool sending_ = false;
  // How the call ends, once it has.
  absl::Status end_;
};

}  // namespace orch::agent
