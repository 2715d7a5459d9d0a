#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "grpcpp/support/server_callback.h"

#include "guest/v1/replay.pb.h"
#include "orchestrator/agent/loop/event_loop.h"
#include "orchestrator/agent/replay/recording.h"

namespace orch::agent {

// A call that answers with a Replay when its recording has come far enough. Belongs to gRPC until
// OnDone, then deletes itself on the loop, to which its state is confined.
class ReplayCall final : public grpc::ServerUnaryReactor {
 public:
  struct Steps {
    // Gets the recording.
    std::function<absl::StatusOr<std::shared_ptr<Recording>>()> begin;
    // Whether the call can end, with what.
    std::function<std::optional<absl::Status>(const Recording&)> end;
    // The call was cancelled before that.
    std::function<void(Recording&)> cancelled;
  };

  // `loop` and `response` outlive the call.
  ReplayCall(EventLoop& loop, Steps steps, guest::v1::Replay& response);

  void OnCancel() override;
  void OnDone() override;

 private:
  void Start();
  void FinishWhenDone();
  void FinishOnce(const absl::Status& status);

  EventLoop& loop_;
  const Steps steps_;
  guest::v1::Replay& response_;
  std::shared_ptr<Recording> recording_;
  Recording::SubscriptionId subscription_ = 0;
  bool finished_ = false;
};

}  // namespace orch::agent
