#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "orchestrator/base/listen_address.h"
#include "orchestrator/gateway/http/exchange.h"
#include "orchestrator/gateway/http/http_limits.h"

namespace orch::gateway {

// Listens for HTTP/1.1 and HTTP/1.0 and gives each request, whole and checked, to a RequestHandler.
// Requests of one connection are answered one after the other, in their order. What is malformed,
// too large or too slow is answered here and never seen by the handler. Thread-safe; has two
// threads of its own.
class HttpServer {
 public:
  // PEM files. Without encryption when both are empty.
  struct TlsFiles {
    std::string certificate;
    std::string key;
  };

  // Serves from now on. `handler` must outlive it. UNAVAILABLE: the address cannot be listened on;
  // the message says why. INVALID_ARGUMENT: see LoadTlsContext.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(const ListenAddress& address,
                                                           const HttpLimits& limits,
                                                           RequestHandler& handler,
                                                           const TlsFiles& tls = {});
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  int port() const;

  // Takes no new connections, ends those without a request and those that are streamed or taken
  // over, gives requests under way until `deadline`, then ends them, too. Blocks until every
  // exchange has been let go, so what answers them must still work. Idempotent.
  void Shutdown(absl::Time deadline);

 private:
  class Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);

  const std::unique_ptr<Impl> impl_;
};

}  // namespace orch::gateway
