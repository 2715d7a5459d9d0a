#pragma once

#include <vector>

#include "orchestrator/gateway/routes/router.h"

namespace orch::gateway {

// /browsers/{id}/fs but for uploads of forms and watches: what is in a directory, files in and out,
// and what is done to them.
std::vector<Route> FileRoutes();

}  // namespace orch::gateway
