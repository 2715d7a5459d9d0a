#pragma once

#include <cstddef>

#include "absl/status/status.h"
#include "grpcpp/support/server_callback.h"

#include "guest/v1/log.pb.h"
#include "orchestrator/agent/log/line_splitter.h"
#include "orchestrator/agent/log/log_service_context.h"
#include "orchestrator/agent/rpc/following_call.h"
#include "orchestrator/agent/supervisor/program_log.h"

namespace orch::agent {

// One Stream of a program's log: sends what is kept of it, then follows. One message is under way
// at a time; what a slow client misses is counted.
class ProgramLogCall final
    : public FollowingCall<grpc::ServerWriteReactor<guest::v1::StreamLogResponse>,
                           guest::v1::StreamLogResponse> {
 public:
  ProgramLogCall(LogServiceContext& context, const guest::v1::StreamLogRequest& request);

 private:
  void Start();
  absl::Status Open();
  void SendNext() override;
  // Makes lines of more of what was kept.
  void TakeHistory();
  // Makes lines of more of what came since; false when there is none.
  bool TakeNew();
  void Detach() override;

  LogServiceContext& context_;
  const guest::v1::StreamLogRequest& request_;
  ProgramLog* log_ = nullptr;
  ProgramLog::History history_;
  // Of the history's text, so much is in lines.
  size_t position_ = 0;
  size_t next_time_ = 0;
  ProgramLog::SubscriptionId subscription_ = 0;
  OutputRing::ReaderId reader_ = 0;
  LineSplitter splitter_;
  // The first message tells that the call is accepted, lines or not.
  bool answered_ = false;
};

}  // namespace orch::agent
