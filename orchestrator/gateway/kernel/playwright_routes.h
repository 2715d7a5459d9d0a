#pragma once

#include <vector>

#include "orchestrator/gateway/routes/router.h"

namespace orch::gateway {

// /browsers/{id}/playwright/execute: a script in the guest.
std::vector<Route> PlaywrightRoutes();

}  // namespace orch::gateway
