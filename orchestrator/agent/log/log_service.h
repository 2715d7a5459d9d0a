#pragma once

#include <cstddef>
#include <utility>

#include "grpcpp/support/server_callback.h"

#include "guest/v1/log.grpc.pb.h"
#include "orchestrator/agent/log/log_service_context.h"
#include "orchestrator/agent/rpc/stream_threads.h"

namespace orch::agent {

// guest.v1.LogService: programs' logs from memory and disk, without a thread, and files, with one
// each. Thread-safe.
class LogService final : public guest::v1::LogService::CallbackService {
 public:
  static constexpr size_t kMaxFileStreams = 16;

  explicit LogService(LogServiceContext context) : context_(std::move(context)) {}

  grpc::ServerWriteReactor<guest::v1::StreamLogResponse>* Stream(
      grpc::CallbackServerContext* context, const guest::v1::StreamLogRequest* request) override;

 private:
  LogServiceContext context_;
  // Last: its threads use the others.
  StreamThreads threads_{kMaxFileStreams};
};

}  // namespace orch::agent
