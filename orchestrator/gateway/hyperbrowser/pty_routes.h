#pragma once

#include <vector>

#include "orchestrator/gateway/routes/router.h"

namespace orch::gateway {

// /sandbox/{id}/pty: the Hyperbrowser calls on processes that have a terminal, in camelCase.
std::vector<Route> HyperbrowserPtyRoutes();

}  // namespace orch::gateway
