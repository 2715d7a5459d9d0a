#include "orchestrator/agent/lifecycle/lifecycle_service.h"

#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"

#include "orchestrator/agent/rpc/finish_on_loop.h"
#include "orchestrator/agent/rpc/proto_time.h"
#include "orchestrator/base/grpc_status.h"
#include "orchestrator/base/status_macros.h"

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

// Runs work that blocks, and that its caller may cancel. Belongs to gRPC until OnDone, then deletes
// itself.
class BlockingCall final : public grpc::ServerUnaryReactor {
 public:
  BlockingCall(ThreadPool& thread, absl::AnyInvocable<absl::Status(const CancelToken&)> work) {
    thread.Run([this, work = std::move(work)]() mutable { Finish(ToGrpcStatus(work(cancel_))); });
  }

  void OnCancel() override { cancel_.Cancel(absl::CancelledError("cancelled by the caller")); }
  // Comes after Finish() alone, so the work is over.
  void OnDone() override { delete this; }

 private:
  CancelToken cancel_;
};

}  // namespace

grpc::ServerUnaryReactor* LifecycleService::AwaitReady(grpc::CallbackServerContext*,
                                                       const guest::v1::AwaitReadyRequest*,
                                                       guest::v1::AwaitReadyResponse* response) {
  return new AwaitReadyCall(loop_, supervisor_, *response);
}

grpc::ServerUnaryReactor* LifecycleService::PrepareSnapshot(
    grpc::CallbackServerContext* context, const guest::v1::PrepareSnapshotRequest* request,
    guest::v1::PrepareSnapshotResponse* response) {
  if (preparing_.exchange(true)) {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(ToGrpcStatus(
        absl::AbortedError("another PrepareSnapshot is under way; wait for it or cancel it")));
    return reactor;
  }
  return new BlockingCall(preparing_thread_, [this, request, response](const CancelToken& cancel) {
    const absl::Status status = Prepare(*request, cancel, *response);
    preparing_ = false;
    return status;
  });
}

absl::Status LifecycleService::Prepare(const guest::v1::PrepareSnapshotRequest& request,
                                       const CancelToken& cancel,
                                       guest::v1::PrepareSnapshotResponse& response) {
  const auto check_programs = [this] {
    absl::Status status;
    loop_.RunAndWait([&] { status = supervisor_.CheckReady(); });
    return status;
  };
  ORCH_ASSIGN_OR_RETURN(
      const absl::Duration idle_after,
      preparation_.Run(FromProtoDuration(request.idle_timeout()), check_programs, cancel));
  *response.mutable_idle_after() = ToProtoDuration(idle_after);
  return absl::OkStatus();
}

grpc::ServerUnaryReactor* LifecycleService::Resumed(grpc::CallbackServerContext*,
                                                    const guest::v1::ResumedRequest* request,
                                                    guest::v1::ResumedResponse* response) {
  return new BlockingCall(
      resuming_thread_, [this, request, response](const CancelToken&) -> absl::Status {
        ORCH_ASSIGN_OR_RETURN(const absl::Duration step, resumption_.Resume(*request));
        *response->mutable_clock_step() = ToProtoDuration(step);
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* LifecycleService::SetViewport(
    grpc::CallbackServerContext*, const guest::v1::SetViewportRequest* request,
    guest::v1::SetViewportResponse*) {
  return new BlockingCall(viewport_thread_, [this, request](const CancelToken& cancel) {
    return viewport_.Run(*request, cancel);
  });
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
