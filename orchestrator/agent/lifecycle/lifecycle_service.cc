#include "orchestrator/agent/lifecycle/lifecycle_service.h"

#include <utility>

#include "orchestrator/agent/rpc/finish_on_loop.h"
#include "orchestrator/agent/rpc/proto_time.h"

namespace orch::agent {
namespace {

// One AwaitReady. Belongs to gRPC until OnDone, then deletes itself on the loop, to which its state
// is confined.
class AwaitReadyCall final : public grpc::ServerUnaryReactor {
 public:
  AwaitReadyCall(EventLoop& loop, Supervisor& supervisor, guest::v1::AwaitReadyResponse& response)
      : loop_(loop), supervisor_(supervisor), response_(response) {
    loop_.Post([this] {
      if (!finished_) waiter_ = supervisor_.WhenReady([this] { Ready(); });
    });
  }

  void OnCancel() override {
    loop_.Post([this] {
      if (std::exchange(finished_, true)) return;
      supervisor_.CancelWait(waiter_);
      Finish(grpc::Status(grpc::StatusCode::CANCELLED, "cancelled by the caller"));
    });
  }

  void OnDone() override {
    loop_.Post([this] { delete this; });
  }

 private:
  void Ready() {
    finished_ = true;
    response_.set_agent_version(ORCH_AGENT_VERSION);
    *response_.mutable_uptime_at_agent_start() = ToProtoDuration(supervisor_.uptime_at_start());
    *response_.mutable_uptime_at_ready() = ToProtoDuration(supervisor_.uptime_at_ready());
    Finish(grpc::Status::OK);
  }

  EventLoop& loop_;
  Supervisor& supervisor_;
  guest::v1::AwaitReadyResponse& response_;
  Supervisor::WaiterId waiter_ = 0;
  bool finished_ = false;
};

}  // namespace

grpc::ServerUnaryReactor* LifecycleService::AwaitReady(grpc::CallbackServerContext*,
                                                       const guest::v1::AwaitReadyRequest*,
                                                       guest::v1::AwaitReadyResponse* response) {
  return new AwaitReadyCall(loop_, supervisor_, *response);
}

grpc::ServerUnaryReactor* LifecycleService::GetStatus(grpc::CallbackServerContext* context,
                                                      const guest::v1::GetStatusRequest*,
                                                      guest::v1::GetStatusResponse* response) {
  return FinishOnLoop(loop_, context, [this, response] {
    *response = supervisor_.GetStatus();
    return absl::OkStatus();
  });
}

}  // namespace orch::agent
