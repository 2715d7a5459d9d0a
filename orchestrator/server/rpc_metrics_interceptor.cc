#include "orchestrator/server/rpc_metrics_interceptor.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"

#include "orchestrator/proxy/exposed_methods.h"
#include "orchestrator/v1/browsers.pb.h"
#include "orchestrator/v1/keys.pb.h"
#include "orchestrator/v1/node.pb.h"
#include "orchestrator/v1/pools.pb.h"
#include "orchestrator/v1/templates.pb.h"

namespace orch {
namespace {

using ::grpc::experimental::InterceptionHookPoints;

// One RPC.
class RpcMetricsInterceptor : public grpc::experimental::Interceptor {
 public:
  RpcMetricsInterceptor(Metrics& metrics, const Clock& clock, std::string method)
      : metrics_(metrics), clock_(clock), method_(std::move(method)), started_at_(clock.Uptime()) {
    metrics_.RecordRpcStart(method_);
  }
  ~RpcMetricsInterceptor() override { End(absl::StatusCode::kCancelled); }

  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_STATUS)) {
      End(static_cast<absl::StatusCode>(methods->GetSendStatus().error_code()));
    }
    methods->Proceed();
  }

 private:
  // Only the first counts.
  void End(absl::StatusCode code) {
    if (std::exchange(ended_, true)) return;
    metrics_.RecordRpcEnd(method_, code, clock_.Uptime() - started_at_);
  }

  Metrics& metrics_;
  const Clock& clock_;
  // A copy: gRPC's own may go before this does.
  const std::string method_;
  const absl::Duration started_at_;
  // gRPC calls one at a time: a status is sent once, and the destructor is last.
  bool ended_ = false;
};

}  // namespace

std::vector<std::string> ServedMethods() {
  std::vector<std::string> methods = ExposedMethods().Paths();
  // One message of each file under proto/orchestrator/v1: naming it links the file's descriptors.
  const google::protobuf::FileDescriptor* const files[] = {
      orchestrator::v1::CreateBrowserRequest::descriptor()->file(),
      orchestrator::v1::CreateKeyRequest::descriptor()->file(),
      orchestrator::v1::GetNodeRequest::descriptor()->file(),
      orchestrator::v1::CreatePoolRequest::descriptor()->file(),
      orchestrator::v1::ListTemplatesRequest::descriptor()->file(),
  };
  for (const google::protobuf::FileDescriptor* file : files) {
    for (int i = 0; i < file->service_count(); ++i) {
      const google::protobuf::ServiceDescriptor* service = file->service(i);
      for (int j = 0; j < service->method_count(); ++j) {
        methods.push_back(absl::StrCat("/", service->full_name(), "/", service->method(j)->name()));
      }
    }
  }
  // gRPC's own services.
  methods.insert(methods.end(), {"/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch",
                                 "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"});
  return methods;
}

grpc::experimental::Interceptor* RpcMetricsInterceptorFactory::CreateServerInterceptor(
    grpc::experimental::ServerRpcInfo* info) {
  return new RpcMetricsInterceptor(metrics_, clock_, info->method());
}

}  // namespace orch
