#pragma once

#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

#include "orchestrator/gateway/http/http_message.h"

namespace orch::gateway {

// Where a route answers a code with another status than the usual one.
struct StatusOverride {
  absl::StatusCode code;
  int http_status;
};
using StatusMap = std::vector<StatusOverride>;

// The one translation of absl's codes: INVALID_ARGUMENT and OUT_OF_RANGE 400, UNAUTHENTICATED 401,
// PERMISSION_DENIED 403, NOT_FOUND 404, ALREADY_EXISTS, FAILED_PRECONDITION and ABORTED 409,
// RESOURCE_EXHAUSTED 429, CANCELLED 499, UNIMPLEMENTED 501, UNAVAILABLE 503, DEADLINE_EXCEEDED 504,
// the rest 500.
int HttpStatusOf(absl::StatusCode code, const StatusMap& overrides = {});

// An error as every client gets it: {code, message, details}, where details has the code of gRPC.
// The SDKs try again what failed with 409 and 5xx; x-should-retry: false keeps them from it where
// the same would come again: for all but ABORTED, RESOURCE_EXHAUSTED and UNAVAILABLE.
HttpResponse ErrorResponse(const absl::Status& status, const StatusMap& overrides = {});

// One that has no code of absl's: 405, 408, 413, 415, 431, 505.
HttpResponse ErrorResponse(int http_status, absl::string_view message);

}  // namespace orch::gateway
