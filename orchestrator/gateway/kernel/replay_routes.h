#pragma once

#include <vector>

#include "orchestrator/gateway/routes/router.h"

namespace orch::gateway {

// /browsers/{id}/replays: recordings of the screen.
std::vector<Route> ReplayRoutes();

}  // namespace orch::gateway
