#pragma once

#include "absl/status/statusor.h"

#include "orchestrator/model/browser.h"
#include "orchestrator/v1/browsers.pb.h"

namespace orch {

// Between the model and the public API's messages. The numbers of BrowserState are the same in
// both.
orchestrator::v1::Browser ToProto(const Browser& browser);

// Only shape is checked here; ResolveSpec checks ranges.
BrowserSpec FromProto(const orchestrator::v1::BrowserSpec& spec);

// INVALID_ARGUMENT naming `field` for UNSPECIFIED and unknown numbers.
absl::StatusOr<BrowserState> FromProto(orchestrator::v1::BrowserState state,
                                       absl::string_view field);

}  // namespace orch
