#pragma once

#include <utility>

#include "absl/status/status.h"

#include "orchestrator/agent/loop/event_loop.h"
#include "orchestrator/base/grpc_status.h"

namespace orch::agent {

// A call whose state is confined to the loop, and which ends once: by itself, or when it is
// cancelled. `Reactor` is gRPC's. Derive, post the beginning to loop(), and call FinishOnce at the
// end.
//
// Belongs to gRPC until OnDone, then deletes itself on the loop.
template <typename Reactor>
class LoopCall : public Reactor {
 public:
  void OnCancel() final {
    loop_.Post([this] { FinishOnce(absl::CancelledError("cancelled by the caller")); });
  }
  void OnDone() final {
    loop_.Post([this] { delete this; });
  }

 protected:
  // `loop` outlives the call.
  explicit LoopCall(EventLoop& loop) : loop_(loop) {}

  // Lets go of what the call waits for. Once, on the loop, when it ends.
  virtual void Detach() = 0;

  // Ends the call, unless it has ended.
  void FinishOnce(const absl::Status& status) {
    if (EndOnce()) End(status);
  }

  // Marks the call as ended and detaches it; false when it has ended already.
  bool EndOnce() {
    if (std::exchange(finished_, true)) return false;
    Detach();
    return true;
  }

  EventLoop& loop() const { return loop_; }
  bool finished() const { return finished_; }

 private:
  // The last thing of the call.
  virtual void End(const absl::Status& status) { this->Finish(ToGrpcStatus(status)); }

  EventLoop& loop_;
  bool finished_ = false;
};

}  // namespace orch::agent
