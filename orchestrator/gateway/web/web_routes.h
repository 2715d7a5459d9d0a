#pragma once

#include <string>
#include <vector>

#include "orchestrator/gateway/routes/router.h"

namespace orch::gateway {

// What browsers of people load: the console at /ui, the live view's script, and below /live/novnc
// the scripts of noVNC from `novnc_dir` (Debian's package), as they are when this is called.
// Without noVNC there, the live view's page says so.
std::vector<Route> WebRoutes(const std::string& novnc_dir);

// The page of a browser's live view.
HttpResponse LivePage();

}  // namespace orch::gateway
