#include "orchestrator/base/grpc_runtime.h"

#include <grpc/grpc.h>

#include <memory>

#include "grpcpp/create_channel.h"
#include "grpcpp/generic/generic_stub.h"

namespace orch {
namespace {

// A channel counts as a user of the callback threads from its first callback call on.
std::shared_ptr<grpc::Channel> ChannelThatUsesCallbacks() {
  struct Call {
    grpc::ClientContext context;
    const grpc::Slice message{""};
    grpc::ByteBuffer request{&message, 1};
    grpc::ByteBuffer response;
  };
  // Without credentials it is a channel that fails each call at once and connects to nothing.
  std::shared_ptr<grpc::Channel> channel = grpc::CreateChannel("", nullptr);
  const auto call = std::make_shared<Call>();
  grpc::GenericStub(channel).UnaryCall(&call->context, "/orch.Runtime/Hold", grpc::StubOptions(),
                                       &call->request, &call->response,
                                       [call](const grpc::Status&) {});
  return channel;
}

}  // namespace

void KeepGrpcRunning() {
  // Never freed: that is what it is for.
  [[maybe_unused]] static const auto* const kHold = [] {
    ::grpc_init();
    return new std::shared_ptr<grpc::Channel>(ChannelThatUsesCallbacks());
  }();
}

}  // namespace orch
