#include "orchestrator/agent/server/agent_server.h"

#include <fcntl.h>

#include <chrono>
#include <utility>
#include <vector>

#include "grpcpp/resource_quota.h"
#include "grpcpp/server_posix.h"

#include "orchestrator/agent/server/answer_mark.h"

namespace orch::agent {
namespace {

// Buffers of calls in flight: several of the largest messages.
constexpr size_t kMaxBufferBytes = 128 * 1024 * 1024;
// The daemon pings every 20 s while calls are under way; gRPC would take one in 5 minutes for an
// attack.
constexpr int kMinPingIntervalMs = 5'000;

}  // namespace

absl::StatusOr<std::unique_ptr<AgentServer>> AgentServer::Create(
    const std::vector<grpc::Service*>& services) {
  grpc::ServerBuilder builder;
  for (grpc::Service* service : services) builder.RegisterService(service);
  builder.SetMaxReceiveMessageSize(kMaxReceivedMessageBytes);
  builder.SetMaxSendMessageSize(kMaxSentMessageBytes);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             kMinPingIntervalMs);
  std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> interceptors;
  interceptors.push_back(std::make_unique<AnswerMarkFactory>());
  builder.experimental().SetInterceptorCreators(std::move(interceptors));
  builder.SetResourceQuota(grpc::ResourceQuota("agent").Resize(kMaxBufferBytes));
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) return absl::InternalError("the gRPC server did not start");
  return std::unique_ptr<AgentServer>(new AgentServer(std::move(server)));
}

AgentServer::~AgentServer() {
  server_->Shutdown(std::chrono::system_clock::now());
  server_->Wait();
}

void AgentServer::AddConnection(UniqueFd socket) {
  // gRPC takes non-blocking sockets only.
  ::fcntl(socket.get(), F_SETFL, ::fcntl(socket.get(), F_GETFL) | O_NONBLOCK);
  grpc::AddInsecureChannelFromFd(server_.get(), socket.Release());
}

}  // namespace orch::agent
