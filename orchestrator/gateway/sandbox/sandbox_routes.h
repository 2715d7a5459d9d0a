#pragma once

#include <vector>

#include "orchestrator/gateway/routes/router.h"

namespace orch::gateway {

// /browsers/{id}/sandbox-agent/v1: the sandbox-agent process API, for one browser.
std::vector<Route> SandboxRoutes();

}  // namespace orch::gateway
