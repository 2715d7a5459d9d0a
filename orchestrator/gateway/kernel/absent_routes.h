#pragma once

#include <vector>

#include "orchestrator/gateway/routes/router.h"

namespace orch::gateway {

// What the Kernel API has and this one does not yet: each answers 501 and names itself.
std::vector<Route> AbsentRoutes();

}  // namespace orch::gateway
