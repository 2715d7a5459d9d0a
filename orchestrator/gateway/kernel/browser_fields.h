#pragma once

#include <cstdint>
#include <string>

#include "absl/time/time.h"

#include "nlohmann/json.hpp"
#include "orchestrator/gateway/json/json_fields.h"
#include "orchestrator/gateway/routes/call.h"
#include "orchestrator/v1/browsers.pb.h"

namespace orch::gateway {

// What both browsers and pools say about a browser: headless, timeout_seconds, viewport and
// kiosk_mode, into `spec`. A field that is absent stays as it is there. Fields of the API without
// effect are refused.
void ReadBrowserFields(JsonFields& body, orchestrator::v1::BrowserSpec& spec);

// What an update says about the viewport, into `request`.
void ReadViewportUpdate(JsonFields& body, orchestrator::v1::UpdateBrowserRequest& request);

// A Browser of the API, with URLs that `call`'s client can reach.
nlohmann::json BrowserJson(const orchestrator::v1::Browser& browser, const Call& call);

nlohmann::json ViewportJson(const orchestrator::v1::Viewport& viewport);

// "2026-01-31T12:00:00.000Z"
std::string TimeJson(const google::protobuf::Timestamp& time);
std::string TimeJson(absl::Time time);

// "creating", "ready", "acquired", "standby", "deleting", "deleted", "failed".
const char* StateName(orchestrator::v1::BrowserState state);

// DELETED or FAILED, or on the way there.
bool HasEnded(const orchestrator::v1::Browser& browser);

}  // namespace orch::gateway
