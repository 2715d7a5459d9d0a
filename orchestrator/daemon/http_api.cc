#include "orchestrator/daemon/http_api.h"

#include <cstdio>
#include <string>

#include "orchestrator/base/status_macros.h"
#include "orchestrator/daemon/url_secret.h"

namespace orch {

absl::StatusOr<std::unique_ptr<gateway::Gateway>> StartHttpApi(const Config& config,
                                                               const StateDir& state_dir,
                                                               ApiKeys& keys, ApiServer& server,
                                                               const Clock& clock) {
  if (config.gateway_listen.empty()) return nullptr;
  gateway::Gateway::Options options{
      .listen = config.gateway_listen,
      .tls = {.certificate = config.gateway_tls_certificate, .key = config.gateway_tls_key},
      .url_secret = {},
      .novnc_dir = config.novnc_dir,
      .limits = {}};
  ORCH_ASSIGN_OR_RETURN(options.url_secret, LoadUrlSecret(state_dir.UrlSecret()));
  ORCH_ASSIGN_OR_RETURN(std::unique_ptr<gateway::Gateway> gateway,
                        gateway::Gateway::Start(options, server.InProcessChannel(), clock));
  if (keys.List().empty()) {
    ORCH_ASSIGN_OR_RETURN(const ApiKeys::NewKey made, keys.Create("made at the first start"));
    // Not into the log, which others may read.
    std::printf("API key for HTTP, shown this once (more: orchctl keys create): %s\n",
                made.secret.c_str());
    std::fflush(stdout);
  }
  return gateway;
}

}  // namespace orch
