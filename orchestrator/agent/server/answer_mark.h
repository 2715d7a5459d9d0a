#pragma once

#include "grpcpp/support/server_interceptor.h"

namespace orch::agent {

// Marks every status that the agent sends with the trailing metadata "answered-by: agent". It tells
// the daemon's proxy that an UNAVAILABLE is the answer of a service and no broken connection, on
// which gRPC makes the same status up. Thread-safe.
class AnswerMarkFactory final : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  // gRPC owns the result.
  grpc::experimental::Interceptor* CreateServerInterceptor(
      grpc::experimental::ServerRpcInfo* info) override;
};

}  // namespace orch::agent
