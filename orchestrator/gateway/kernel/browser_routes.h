#pragma once

#include <vector>

#include "orchestrator/gateway/routes/router.h"

namespace orch::gateway {

// /browsers of the Kernel API: create, get, list, update, delete.
std::vector<Route> BrowserRoutes();

}  // namespace orch::gateway
