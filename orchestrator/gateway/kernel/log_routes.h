#pragma once

#include <vector>

#include "orchestrator/gateway/routes/router.h"

namespace orch::gateway {

// /browsers/{id}/logs/stream: what a program of the guest logs, or a file of it, as events.
std::vector<Route> LogRoutes();

}  // namespace orch::gateway
