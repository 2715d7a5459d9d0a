#pragma once

#include <string>
#include <vector>

#include "orchestrator/gateway/http/exchange.h"
#include "orchestrator/gateway/routes/access.h"
#include "orchestrator/gateway/routes/call.h"

namespace orch::gateway {

// What a request may have as its body.
enum class BodyKind {
  // Nothing, or JSON; whole.
  kJson,
  // Anything; the handler reads it in pieces.
  kStream,
};

// One row of the table: adding a call to the API is adding one of these.
struct Route {
  std::string method;
  // "/browsers/{id}/process/exec": what is in braces takes any one segment.
  std::string path;
  Handler handler;
  Access access = Access::kApiKey;
  BodyKind body = BodyKind::kJson;
};

// Finds the route of each request, checks who calls, and hands the call to it. Literal segments win
// over variables. Thread-safe.
//
// 404: no route has this path. 415: the body is not JSON. 405: one has, with other methods, which
// Allow names. 501: no such method. 401: no key, or one that is not good.
class Router : public RequestHandler {
 public:
  // `backend` must outlive it.
  Router(std::vector<Route> routes, Backend& backend);

  bool WantsPieces(const HttpRequest& head) override;
  void Handle(std::shared_ptr<Exchange> exchange) override;

 private:
  struct Row {
    Route route;
    std::vector<std::string> segments;
  };

  std::vector<Row> rows_;
  Backend& backend_;
};

}  // namespace orch::gateway
