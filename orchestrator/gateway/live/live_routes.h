#pragma once

#include <vector>

#include "orchestrator/gateway/routes/router.h"

namespace orch::gateway {

// /browsers/{id}/live: the page of a browser's screen, its screen as a WebSocket of VNC, and what
// becomes of the browser as events. With readOnly=true, or with a token that is good for looking
// alone, nothing that a client does reaches the screen.
std::vector<Route> LiveRoutes();

}  // namespace orch::gateway
