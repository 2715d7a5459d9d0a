#pragma once

#include <vector>

#include "orchestrator/gateway/routes/router.h"

namespace orch::gateway {

// /browsers/{id}/computer but for the screenshot: mouse, keyboard, clipboard.
std::vector<Route> ComputerRoutes();

}  // namespace orch::gateway
