#pragma once

#include <string>
#include <vector>

#include "grpcpp/support/server_interceptor.h"

#include "orchestrator/base/clock.h"
#include "orchestrator/metrics/metrics.h"

namespace orch {

// Every method that the daemon's server has: "/package.Service/Method" of orchestrator.v1, of the
// exposed guest.v1, and of health and reflection. For Metrics::Options::rpc_methods.
std::vector<std::string> ServedMethods();

// Records each RPC of a server, unary, streaming or forwarded to a guest: when it arrives, and when
// its status is sent. Give it to ServerBuilder::experimental().SetInterceptorCreators. Thread-safe.
//
// Calls of GuestProxy pass through here, too, under the name of the guest's method (gRPC 1.51:
// tested), so the proxy need not report. A call that ends without a status, because its connection
// broke before a handler had it, counts as CANCELLED.
class RpcMetricsInterceptorFactory : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  // Both must outlive the server.
  RpcMetricsInterceptorFactory(Metrics& metrics, const Clock& clock)
      : metrics_(metrics), clock_(clock) {}

  grpc::experimental::Interceptor* CreateServerInterceptor(
      grpc::experimental::ServerRpcInfo* info) override;

 private:
  Metrics& metrics_;
  const Clock& clock_;
};

}  // namespace orch
