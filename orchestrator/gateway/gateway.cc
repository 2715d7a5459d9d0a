#include "orchestrator/gateway/gateway.h"

#include <utility>
#include <vector>

#include "orchestrator/base/status_macros.h"
#include "orchestrator/gateway/cdp/cdp_routes.h"
#include "orchestrator/gateway/console/console_routes.h"
#include "orchestrator/gateway/hyperbrowser/control_routes.h"
#include "orchestrator/gateway/hyperbrowser/process_routes.h"
#include "orchestrator/gateway/hyperbrowser/pty_routes.h"
#include "orchestrator/gateway/kernel/absent_routes.h"
#include "orchestrator/gateway/kernel/browser_routes.h"
#include "orchestrator/gateway/kernel/computer_routes.h"
#include "orchestrator/gateway/kernel/file_routes.h"
#include "orchestrator/gateway/kernel/log_routes.h"
#include "orchestrator/gateway/kernel/playwright_routes.h"
#include "orchestrator/gateway/kernel/pool_routes.h"
#include "orchestrator/gateway/kernel/process_routes.h"
#include "orchestrator/gateway/kernel/replay_routes.h"
#include "orchestrator/gateway/kernel/screenshot_route.h"
#include "orchestrator/gateway/kernel/upload_routes.h"
#include "orchestrator/gateway/kernel/watch_routes.h"
#include "orchestrator/gateway/live/live_routes.h"
#include "orchestrator/gateway/sandbox/sandbox_routes.h"
#include "orchestrator/gateway/web/web_routes.h"

namespace orch::gateway {
namespace {

std::vector<Route> AllRoutes(const Gateway::Options& options) {
  std::vector<Route> all = WebRoutes(options.novnc_dir);
  for (std::vector<Route> (*routes)() :
       {BrowserRoutes, PoolRoutes, ProcessRoutes, FileRoutes, UploadRoutes, WatchRoutes,
        ComputerRoutes, ScreenshotRoutes, LogRoutes, ReplayRoutes, PlaywrightRoutes, CdpRoutes,
        LiveRoutes, ConsoleRoutes, SandboxRoutes, HyperbrowserControlRoutes,
        HyperbrowserProcessRoutes, HyperbrowserPtyRoutes, AbsentRoutes}) {
    for (Route& route : routes()) all.push_back(std::move(route));
  }
  return all;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Gateway>> Gateway::Start(
    const Options& options, const std::shared_ptr<grpc::Channel>& daemon, const Clock& clock) {
  ORCH_ASSIGN_OR_RETURN(const ListenAddress address, ParseListenAddress(options.listen));
  std::unique_ptr<Gateway> gateway(new Gateway(options, daemon, clock));
  ORCH_ASSIGN_OR_RETURN(gateway->server_,
                        HttpServer::Start(address, options.limits, gateway->router_, options.tls));
  return gateway;
}

Gateway::Gateway(const Options& options, const std::shared_ptr<grpc::Channel>& daemon,
                 const Clock& clock)
    : tokens_(options.url_secret),
      backend_(daemon, tokens_, clock),
      router_(AllRoutes(options), backend_) {}

}  // namespace orch::gateway
