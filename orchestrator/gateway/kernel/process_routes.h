#pragma once

#include <vector>

#include "orchestrator/gateway/routes/router.h"

namespace orch::gateway {

// /browsers/{id}/process of the Kernel API: exec, spawn, status, kill, stdin, stdout/stream.
std::vector<Route> ProcessRoutes();

}  // namespace orch::gateway
