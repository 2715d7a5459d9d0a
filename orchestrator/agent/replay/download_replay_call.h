#pragma once

#include "absl/status/status.h"

#include "guest/v1/replay.pb.h"
#include "orchestrator/agent/loop/event_loop.h"
#include "orchestrator/agent/replay/replay_table.h"
#include "orchestrator/agent/rpc/sending_call.h"

namespace orch::agent {

// One Download. Memory: two messages.
class DownloadReplayCall final : public SendingCall<guest::v1::DownloadReplayResponse> {
 public:
  // All outlive the call.
  DownloadReplayCall(EventLoop& loop, const ReplayTable& table,
                     const guest::v1::DownloadReplayRequest& request)
      : loop_(loop), table_(table), request_(request) {}

 private:
  absl::Status Serve() override;
  absl::Status SendFile(int file, uint64_t size);

  EventLoop& loop_;
  const ReplayTable& table_;
  const guest::v1::DownloadReplayRequest& request_;
};

}  // namespace orch::agent
