#pragma once

#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "nlohmann/json.hpp"
#include "orchestrator/gateway/routes/call.h"

namespace orch::gateway {

// The port of Chromium's DevTools in a guest, and what it is to be called in a Host header.
inline constexpr uint16_t kDevToolsPort = 9222;
inline constexpr char kDevToolsHost[] = "127.0.0.1:9222";

// GET `path` from a guest's DevTools, as JSON. UNAVAILABLE: nothing listens there, or what came
// back is no answer of DevTools; RESOURCE_EXHAUSTED: it is larger than 4 MiB; DEADLINE_EXCEEDED
// after 30 s.
void GetFromDevTools(const std::shared_ptr<Call>& call, const std::string& session_id,
                     absl::string_view path,
                     absl::AnyInvocable<void(absl::StatusOr<nlohmann::json>)> done);

// How far an HTTP response has come in. Exposed for tests.
struct ResponseProgress {
  bool complete = false;
  // Where the body begins, and how long it is; when `complete`.
  size_t body_begin = 0;
  size_t body_size = 0;
};

// Looks at the bytes that came so far. UNAVAILABLE: they are not a 200 with a Content-Length within
// `max_bytes`.
absl::StatusOr<ResponseProgress> ExamineResponse(absl::string_view received, size_t max_bytes);

}  // namespace orch::gateway
