#pragma once

#include <vector>

#include "orchestrator/gateway/routes/router.h"

namespace orch::gateway {

// /sandbox/{id}: the Hyperbrowser calls on the processes of a sandbox, here of a browser.
std::vector<Route> HyperbrowserProcessRoutes();

}  // namespace orch::gateway
