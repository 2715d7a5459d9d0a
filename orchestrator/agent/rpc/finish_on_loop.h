#pragma once

#include <utility>

#include "absl/status/status.h"
#include "grpcpp/support/server_callback.h"

#include "orchestrator/agent/loop/event_loop.h"
#include "orchestrator/base/grpc_status.h"

namespace orch::agent {

// Serves a unary call with `work`, a function without parameters that runs on the loop, fills in
// the response and returns an absl::Status. `loop` outlives the server.
template <typename Work>
grpc::ServerUnaryReactor* FinishOnLoop(EventLoop& loop, grpc::CallbackServerContext* context,
                                       Work work) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  loop.Post([reactor, work = std::move(work)]() mutable { reactor->Finish(ToGrpcStatus(work())); });
  return reactor;
}

}  // namespace orch::agent
