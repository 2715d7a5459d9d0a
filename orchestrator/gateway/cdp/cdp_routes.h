#pragma once

#include <vector>

#include "orchestrator/gateway/routes/router.h"

namespace orch::gateway {

// /browsers/{id}/cdp: the WebSocket of a browser's DevTools and those of its targets, /json/version
// and /json/list.
std::vector<Route> CdpRoutes();

// What a WebSocket handshake is forwarded to DevTools as: `path`, and of `headers` only those of
// the handshake. Neither the client's key nor its Origin, which DevTools refuses. Exposed for
// tests.
std::string ForwardedHandshake(absl::string_view path, const HttpHeaders& headers);

}  // namespace orch::gateway
