#include "orchestrator/agent/replay/replay_service.h"

#include <memory>
#include <optional>

#include "absl/status/status.h"

#include "orchestrator/agent/replay/download_replay_call.h"
#include "orchestrator/agent/replay/replay_call.h"
#include "orchestrator/agent/rpc/finish_on_loop.h"
#include "orchestrator/base/status_macros.h"

namespace orch::agent {

grpc::ServerUnaryReactor* ReplayService::Start(grpc::CallbackServerContext*,
                                               const guest::v1::StartReplayRequest* request,
                                               guest::v1::Replay* response) {
  const auto forget = [this](const Recording& recording) {
    // By id: the table may be its only owner.
    table_.Delete(std::string(recording.id())).IgnoreError();
  };
  return new ReplayCall(
      loop_,
      {.begin = [this, request] { return table_.Start(*request); },
       .end = [forget](const Recording& recording) -> std::optional<absl::Status> {
         if (recording.begun()) return absl::OkStatus();
         if (!recording.ended()) return std::nullopt;
         const absl::Status failed = absl::FailedPreconditionError(recording.error());
         forget(recording);
         return failed;
       },
       .cancelled = forget},
      *response);
}

grpc::ServerUnaryReactor* ReplayService::Stop(grpc::CallbackServerContext*,
                                              const guest::v1::StopReplayRequest* request,
                                              guest::v1::Replay* response) {
  return new ReplayCall(loop_,
                        {.begin = [this, request]() -> absl::StatusOr<std::shared_ptr<Recording>> {
                           ORCH_ASSIGN_OR_RETURN(std::shared_ptr<Recording> recording,
                                                 table_.Find(request->replay_id()));
                           recording->Stop();
                           return recording;
                         },
                         .end = [](const Recording& recording) -> std::optional<absl::Status> {
                           if (!recording.ended()) return std::nullopt;
                           return absl::OkStatus();
                         },
                         .cancelled = [](const Recording&) {}},
                        *response);
}

grpc::ServerUnaryReactor* ReplayService::List(grpc::CallbackServerContext* context,
                                              const guest::v1::ListReplaysRequest*,
                                              guest::v1::ListReplaysResponse* response) {
  return FinishOnLoop(loop_, context, [this, response] {
    *response = table_.List();
    return absl::OkStatus();
  });
}

grpc::ServerWriteReactor<guest::v1::DownloadReplayResponse>* ReplayService::Download(
    grpc::CallbackServerContext*, const guest::v1::DownloadReplayRequest* request) {
  auto* call = new DownloadReplayCall(loop_, table_, *request);
  call->Start(threads_);
  return call;
}

grpc::ServerUnaryReactor* ReplayService::Delete(grpc::CallbackServerContext* context,
                                                const guest::v1::DeleteReplayRequest* request,
                                                guest::v1::DeleteReplayResponse*) {
  return FinishOnLoop(loop_, context,
                      [this, request] { return table_.Delete(request->replay_id()); });
}

}  // namespace orch::agent
