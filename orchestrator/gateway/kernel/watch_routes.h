#pragma once

#include <vector>

#include "orchestrator/gateway/routes/router.h"

namespace orch::gateway {

// /browsers/{id}/fs/watch: start, events, stop.
std::vector<Route> WatchRoutes();

}  // namespace orch::gateway
