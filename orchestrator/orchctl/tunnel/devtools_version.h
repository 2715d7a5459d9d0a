#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace orch::ctl {

// What Chromium answers to GET /json/version: names ("Browser", "Protocol-Version") and values,
// sorted by name.
using DevToolsVersion = std::vector<std::pair<std::string, std::string>>;

// The request. DevTools refuses a Host header that is neither localhost nor an address, against DNS
// rebinding.
std::string DevToolsVersionRequest(uint16_t port);

// Whether `received` is an HTTP response whose body is complete by its Content-Length; without one,
// only the end of the connection tells.
bool IsCompleteResponse(absl::string_view received);

// Takes the HTTP response apart. INTERNAL: it is none, its status is not 200, or its body is no
// flat JSON object.
absl::StatusOr<DevToolsVersion> ParseDevToolsVersion(absl::string_view response);

}  // namespace orch::ctl
