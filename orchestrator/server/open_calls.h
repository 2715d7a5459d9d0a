#pragma once

#include <cstddef>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "grpcpp/support/server_interceptor.h"

namespace orch {

// Counts the RPCs of a server, from their arrival until gRPC is done with them. Those that go on
// for as long as the client likes (watches, consoles) do not count: nothing would be finished by
// waiting for them. Thread-safe.
class OpenCalls {
 public:
  // Returns when there is none, or at `deadline`; whether there is none.
  bool AwaitNone(absl::Time deadline) const;

 private:
  friend class OpenCallsInterceptorFactory;
  class Interceptor;

  mutable absl::Mutex mutex_;
  size_t open_ ABSL_GUARDED_BY(mutex_) = 0;
};

// Has a server's RPCs counted. Give it to ServerBuilder::experimental().SetInterceptorCreators.
class OpenCallsInterceptorFactory : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  // `calls` must outlive the server.
  explicit OpenCallsInterceptorFactory(OpenCalls& calls) : calls_(calls) {}

  grpc::experimental::Interceptor* CreateServerInterceptor(
      grpc::experimental::ServerRpcInfo* info) override;

 private:
  OpenCalls& calls_;
};

}  // namespace orch
