#pragma once

#include <cstddef>

#include "grpcpp/support/server_callback.h"

#include "guest/v1/replay.grpc.pb.h"
#include "orchestrator/agent/loop/event_loop.h"
#include "orchestrator/agent/replay/replay_table.h"
#include "orchestrator/agent/rpc/stream_threads.h"

namespace orch::agent {

// guest.v1.ReplayService. Thread-safe. A download has a thread of its own; the other calls have
// none.
class ReplayService final : public guest::v1::ReplayService::CallbackService {
 public:
  static constexpr size_t kMaxDownloads = 4;

  // Both outlive the server.
  ReplayService(EventLoop& loop, ReplayTable& table) : loop_(loop), table_(table) {}

  grpc::ServerUnaryReactor* Start(grpc::CallbackServerContext* context,
                                  const guest::v1::StartReplayRequest* request,
                                  guest::v1::Replay* response) override;
  grpc::ServerUnaryReactor* Stop(grpc::CallbackServerContext* context,
                                 const guest::v1::StopReplayRequest* request,
                                 guest::v1::Replay* response) override;
  grpc::ServerUnaryReactor* List(grpc::CallbackServerContext* context,
                                 const guest::v1::ListReplaysRequest* request,
                                 guest::v1::ListReplaysResponse* response) override;
  grpc::ServerWriteReactor<guest::v1::DownloadReplayResponse>* Download(
      grpc::CallbackServerContext* context,
      const guest::v1::DownloadReplayRequest* request) override;
  grpc::ServerUnaryReactor* Delete(grpc::CallbackServerContext* context,
                                   const guest::v1::DeleteReplayRequest* request,
                                   guest::v1::DeleteReplayResponse* response) override;

 private:
  EventLoop& loop_;
  ReplayTable& table_;
  // Last: its threads use the others.
  StreamThreads threads_{kMaxDownloads};
};

}  // namespace orch::agent
