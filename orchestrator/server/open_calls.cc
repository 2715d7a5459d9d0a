#include "orchestrator/server/open_calls.h"

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"

namespace orch {
namespace {

bool GoesOnForEver(absl::string_view method) {
  return absl::StrContains(method, "/Watch") || absl::EndsWith(method, "/StreamConsole");
}

}  // namespace

// One RPC: gRPC keeps it for as long as the call's context.
class OpenCalls::Interceptor : public grpc::experimental::Interceptor {
 public:
  explicit Interceptor(OpenCalls& calls) : calls_(calls) {
    absl::MutexLock lock(&calls_.mutex_);
    ++calls_.open_;
  }
  ~Interceptor() override {
    absl::MutexLock lock(&calls_.mutex_);
    --calls_.open_;
  }

  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
    methods->Proceed();
  }

 private:
  OpenCalls& calls_;
};

bool OpenCalls::AwaitNone(absl::Time deadline) const {
  absl::MutexLock lock(&mutex_);
  const auto none = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return open_ == 0; };
  return mutex_.AwaitWithDeadline(absl::Condition(&none), deadline);
}

grpc::experimental::Interceptor* OpenCallsInterceptorFactory::CreateServerInterceptor(
    grpc::experimental::ServerRpcInfo* info) {
  if (info->method() != nullptr && GoesOnForEver(info->method())) return nullptr;
  return new OpenCalls::Interceptor(calls_);
}

}  // namespace orch
