#pragma once

#include <vector>

#include "orchestrator/gateway/routes/router.h"

namespace orch::gateway {

// `routes` below /sandbox/{id}, for who has a key or the token of that sandbox: it is one of its
// browser's URLs. Their handlers can rely on the id being one.
std::vector<Route> InSandbox(std::vector<Route> routes);

}  // namespace orch::gateway
