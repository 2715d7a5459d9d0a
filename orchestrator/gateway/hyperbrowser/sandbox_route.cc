#include "orchestrator/gateway/hyperbrowser/sandbox_route.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"

namespace orch::gateway {

std::vector<Route> InSandbox(std::vector<Route> routes) {
  for (Route& route : routes) {
    route.path = absl::StrCat("/sandbox/{id}", route.path);
    route.access = Access::kBrowserUrl;
    route.handler = [handler = std::move(route.handler)](const std::shared_ptr<Call>& call) {
      const absl::StatusOr<std::string> id = call->SessionId();
      if (!id.ok()) return call->Fail(id.status());
      handler(call);
    };
  }
  return routes;
}

}  // namespace orch::gateway
