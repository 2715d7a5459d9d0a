#pragma once

#include <vector>

#include "orchestrator/gateway/routes/router.h"

namespace orch::gateway {

// /api/sandbox: the Hyperbrowser calls by which a client gets a sandbox, here a browser.
std::vector<Route> HyperbrowserControlRoutes();

}  // namespace orch::gateway
