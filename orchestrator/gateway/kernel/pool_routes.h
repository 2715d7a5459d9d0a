#pragma once

#include <vector>

#include "orchestrator/gateway/routes/router.h"

namespace orch::gateway {

// /browser_pools of the Kernel API: create, get, list, update, delete, acquire, release, flush.
std::vector<Route> PoolRoutes();

}  // namespace orch::gateway
