#pragma once

#include <vector>

#include "orchestrator/gateway/routes/router.h"

namespace orch::gateway {

// /browsers/{id}/computer of the Kernel API, as far as the guest has it: screenshot.
std::vector<Route> ScreenshotRoutes();

}  // namespace orch::gateway
