#pragma once

#include <cstddef>

#include "absl/status/status.h"
#include "grpcpp/support/server_callback.h"

#include "guest/v1/log.pb.h"
#include "orchestrator/agent/log/line_splitter.h"
#include "orchestrator/agent/log/log_service_context.h"
#include "orchestrator/agent/supervisor/program_log.h"

namespace orch::agent {

// One Stream of a program's log: sends what is kept of it, then follows. One message is under way
// at a time; what a slow client misses is counted. Belongs to gRPC until OnDone, then deletes
// itself on the loop, to which its state is confined.
class ProgramLogCall final : public grpc::ServerWriteReactor<guest::v1::StreamLogResponse> {
 public:
  ProgramLogCall(LogServiceContext& context, const guest::v1::StreamLogRequest& request);

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  void Start();
  absl::Status Open();
  // Sends the next lines, if there are some and no message is under way.
  void SendNext();
  // Makes lines of more of what was kept.
  void TakeHistory();
  // Makes lines of more of what came since; false when there is none.
  bool TakeNew();
  void FinishOnce(const absl::Status& status);

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
  guest::v1::StreamLogResponse response_;
  // The first message tells that the call is accepted, lines or not.
  bool answered_ = false;
  bool sending_ = false;
  bool finished_ = false;
  // How the call ends, once `finished_`.
  absl::Status end_;
};

}  // namespace orch::agent
