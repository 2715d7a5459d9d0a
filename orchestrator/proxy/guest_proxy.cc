#include "orchestrator/proxy/guest_proxy.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/grpc_status.h"
#include "orchestrator/proxy/proxied_call.h"

namespace orch {
namespace {

// Method paths are the caller's; so much of one is quoted.
constexpr size_t kMaxQuotedPathBytes = 200;

// Ends a call with a status at once; deletes itself.
class RefusedCall : public grpc::ServerGenericBidiReactor {
 public:
  explicit RefusedCall(const absl::Status& status) { Finish(ToGrpcStatus(status)); }
  void OnDone() override { delete this; }
};

}  // namespace

grpc::ServerGenericBidiReactor* GuestProxy::CreateReactor(
    grpc::GenericCallbackServerContext* context) {
  const MethodShape* shape = methods_.Find(context->method());
  if (shape == nullptr) {
    return new RefusedCall(absl::UnimplementedError(absl::StrCat(
        "no method ", absl::CHexEscape(context->method().substr(0, kMaxQuotedPathBytes)))));
  }
  return ProxiedCall::Start(*context, *shape, guests_, options_.max_message_bytes);
}

}  // namespace orch
