#pragma once

#include <vector>

#include "orchestrator/gateway/routes/router.h"

namespace orch::gateway {

// What the console needs beyond the APIs that others speak: all browsers as events at /ui/events,
// and POST /browsers/{id}/standby and /resume.
std::vector<Route> ConsoleRoutes();

}  // namespace orch::gateway
