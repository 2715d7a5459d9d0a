#pragma once

#include <utility>

#include "absl/status/status.h"
#include "grpcpp/support/server_callback.h"

#include "orchestrator/base/grpc_status.h"
#include "orchestrator/base/thread_pool.h"

namespace orch::agent {

// Serves a unary call with `work`, a function without parameters that runs on a thread of `pool`,
// may block, fills in the response and returns an absl::Status. `pool` outlives the server.
template <typename Work>
grpc::ServerUnaryReactor* FinishOnPool(ThreadPool& pool, grpc::CallbackServerContext* context,
                                       Work work) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  pool.Run([reactor, work = std::move(work)]() mutable { reactor->Finish(ToGrpcStatus(work())); });
  return reactor;
}

}  // namespace orch::agent
