#include "orchestrator/agent/server/answer_mark.h"

namespace orch::agent {
namespace {

using grpc::experimental::InterceptionHookPoints;

class AnswerMark final : public grpc::experimental::Interceptor {
 public:
  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_STATUS)) {
      methods->GetSendTrailingMetadata()->emplace("answered-by", "agent");
    }
    methods->Proceed();
  }
};

}  // namespace

grpc::experimental::Interceptor* AnswerMarkFactory::CreateServerInterceptor(
    grpc::experimental::ServerRpcInfo*) {
  return new AnswerMark;
}

}  // namespace orch::agent
