#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "grpcpp/channel.h"

#include "orchestrator/base/clock.h"
#include "orchestrator/gateway/http/http_limits.h"
#include "orchestrator/gateway/http/http_server.h"
#include "orchestrator/gateway/routes/backend.h"
#include "orchestrator/gateway/routes/router.h"
#include "orchestrator/gateway/url_tokens.h"

namespace orch::gateway {

// The HTTP API: what the SDKs of the field speak, and DevTools. It calls the daemon's own services,
// and keeps nothing itself. Thread-safe.
class Gateway {
 public:
  struct Options {
    // See ParseListenAddress.
    std::string listen;
    // Without them, HTTP is not encrypted.
    HttpServer::TlsFiles tls;
    // Signs the tokens of URLs; see UrlTokens.
    std::string url_secret;
    // Of noVNC's files; see WebRoutes.
    std::string novnc_dir;
    HttpLimits limits;
  };

  // Serves from now on. `daemon` leads to every service of the daemon. INVALID_ARGUMENT: `listen`
  // is no address. UNAVAILABLE: it cannot be listened on.
  static absl::StatusOr<std::unique_ptr<Gateway>> Start(
      const Options& options, const std::shared_ptr<grpc::Channel>& daemon, const Clock& clock);

  int port() const { return server_->port(); }

  // See HttpServer::Shutdown. The daemon's services must still work.
  void Shutdown(absl::Time deadline) {
    server_->Shutdown(deadline);
    backend_.watches.Shutdown();
  }

 private:
  Gateway(const Options& options, const std::shared_ptr<grpc::Channel>& daemon, const Clock& clock);

  const UrlTokens tokens_;
  Backend backend_;
  Router router_;
  std::unique_ptr<HttpServer> server_;
};

}  // namespace orch::gateway
