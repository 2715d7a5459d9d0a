#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "grpcpp/grpcpp.h"

#include "orchestrator/base/clock.h"
#include "orchestrator/base/thread_pool.h"
#include "orchestrator/browser/browser_host.h"
#include "orchestrator/metrics/metrics.h"
#include "orchestrator/pool/pool_registry.h"
#include "orchestrator/proxy/guest_proxy.h"
#include "orchestrator/server/api_keys.h"
#include "orchestrator/server/browser_service.h"
#include "orchestrator/server/console_follower.h"
#include "orchestrator/server/key_service.h"
#include "orchestrator/server/node_service.h"
#include "orchestrator/server/open_calls.h"
#include "orchestrator/server/pool_service.h"
#include "orchestrator/server/template_service.h"

namespace orch {

// The daemon's gRPC server: the public services, every exposed guest.v1 call, health and
// reflection. Thread-safe.
class ApiServer {
 public:
  struct Options {
    // "127.0.0.1:7070"; port 0 takes any free one.
    std::string listen;
    // Path of the unix socket; one that a dead daemon left is replaced.
    std::string unix_socket;
    NodeService::About about;
  };

  // What it serves. All must outlive it.
  struct Dependencies {
    VmDriver& driver;
    BrowserHost& browsers;
    PoolRegistry& pools;
    StateStore& store;
    ApiKeys& keys;
    ImageCatalog& images;
    Metrics& metrics;
    const Clock& clock;
  };

  // Serves from now on. UNAVAILABLE when an address cannot be listened on.
  static absl::StatusOr<std::unique_ptr<ApiServer>> Start(Dependencies dependencies,
                                                          Options options);
  ~ApiServer();

  // A channel to all of it within this process. Every call on it must be over before Shutdown.
  std::shared_ptr<grpc::Channel> InProcessChannel();

  // The TCP port it listens on.
  int port() const { return port_; }

  // Takes no new calls, gives those under way until `deadline`, then cancels them. Blocks for no
  // longer than they take, whoever stays connected. Idempotent.
  void Shutdown(absl::Time deadline);

 private:
  ApiServer(Dependencies dependencies, Options options);

  const Options options_;
  ThreadPool pool_;
  ConsoleFollower consoles_;
  BrowserService browser_service_;
  NodeService node_service_;
  TemplateService template_service_;
  PoolService pool_service_;
  KeyService key_service_;
  GuestProxy guest_proxy_;
  OpenCalls open_calls_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace orch
