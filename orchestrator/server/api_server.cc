#include "orchestrator/server/api_server.h"

#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/health_check_service_interface.h"

#include "grpc/grpc.h"
#include "orchestrator/server/rpc_metrics_interceptor.h"

namespace orch {
namespace {

// Calls that read or write the store; a store call takes well under a millisecond.
constexpr size_t kPoolThreads = 4;
// Screenshots and Exec answers are the largest messages.
constexpr int kMaxMessageBytes = 32 << 20;
constexpr absl::Duration kCloseAgain = absl::Milliseconds(5);

}  // namespace

absl::StatusOr<std::unique_ptr<ApiServer>> ApiServer::Start(Dependencies dependencies,
                                                            Options options) {
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  std::unique_ptr<ApiServer> api(new ApiServer(dependencies, std::move(options)));
  ::unlink(api->options_.unix_socket.c_str());
  grpc::ServerBuilder builder;
  builder.AddListeningPort(api->options_.listen, grpc::InsecureServerCredentials(), &api->port_);
  builder.AddListeningPort(absl::StrCat("unix:", api->options_.unix_socket),
                           grpc::InsecureServerCredentials());
  // gRPC shares ports by default: a second daemon would silently take half of the calls.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  // Clients that hold long streams may ping every 10 s.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10'000);
  builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
  builder.RegisterService(&api->browser_service_);
  builder.RegisterService(&api->node_service_);
  builder.RegisterService(&api->template_service_);
  builder.RegisterService(&api->pool_service_);
  builder.RegisterService(&api->key_service_);
  builder.RegisterCallbackGenericService(&api->guest_proxy_);
  std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> interceptors;
  interceptors.push_back(
      std::make_unique<RpcMetricsInterceptorFactory>(dependencies.metrics, dependencies.clock));
  interceptors.push_back(std::make_unique<OpenCallsInterceptorFactory>(api->open_calls_));
  builder.experimental().SetInterceptorCreators(std::move(interceptors));
  api->server_ = builder.BuildAndStart();
  if (api->server_ == nullptr || api->port_ == 0) {
    return absl::UnavailableError(
        absl::StrCat("cannot listen on ", api->options_.listen, " and ", api->options_.unix_socket,
                     "; is the address in use? Set another one with --listen"));
  }
  // Whoever may write to the socket may do anything: the daemon's own user alone.
  ::chmod(api->options_.unix_socket.c_str(), 0600);
  return api;
}

ApiServer::ApiServer(Dependencies dependencies, Options options)
    : options_(std::move(options)),
      pool_(kPoolThreads),
      consoles_(dependencies.browsers.registry(), dependencies.driver),
      browser_service_(dependencies.browsers.registry(), dependencies.store, consoles_, pool_),
      node_service_(options_.about, dependencies.driver, dependencies.browsers, dependencies.images,
                    pool_),
      template_service_(dependencies.browsers, pool_),
      pool_service_(dependencies.pools),
      key_service_(dependencies.keys, pool_),
      guest_proxy_(dependencies.browsers.registry(), GuestProxy::Options()) {}

ApiServer::~ApiServer() { Shutdown(absl::Now()); }

std::shared_ptr<grpc::Channel> ApiServer::InProcessChannel() {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  return server_->InProcessChannel(arguments);
}

void ApiServer::Shutdown(absl::Time deadline) {
  if (server_ == nullptr) return;
  absl::Notification closed;
  std::thread closing([&] {
    server_->Shutdown(absl::ToChronoTime(deadline));
    closed.Notify();
  });
  // It waits for the clients to close their connections. One that is between calls may not even
  // look at its own, so those are closed for them; again and again because it may not have begun.
  while (!closed.WaitForNotificationWithTimeout(kCloseAgain)) {
    if (open_calls_.AwaitNone(deadline)) grpc_server_cancel_all_calls(server_->c_server());
  }
  closing.join();
  server_->Wait();
  server_.reset();
  ::unlink(options_.unix_socket.c_str());
}

}  // namespace orch
