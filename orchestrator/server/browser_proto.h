#pragma once

#include <optional>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/duration.pb.h"

#include "orchestrator/model/browser.h"
#include "orchestrator/v1/browsers.pb.h"

namespace orch {

// Between the model and the public API's messages. The numbers of BrowserState are the same in
// both.
orchestrator::v1::Browser ToProto(const Browser& browser);

orchestrator::v1::BrowserSpec ToProto(const BrowserSpec& spec);

// Only shape is checked here; ResolveSpec checks ranges. INVALID_ARGUMENT: fields that exclude each
// other.
absl::StatusOr<BrowserSpec> FromProto(const orchestrator::v1::BrowserSpec& spec);

// When to go into standby, from the two fields that say so; nothing when both are absent.
// INVALID_ARGUMENT: both are set.
absl::StatusOr<std::optional<absl::Duration>> StandbyAfterFromProto(
    bool has_standby_after, const google::protobuf::Duration& standby_after, bool standby_disabled);

// INVALID_ARGUMENT naming `field` for UNSPECIFIED and unknown numbers.
absl::StatusOr<BrowserState> FromProto(orchestrator::v1::BrowserState state,
                                       absl::string_view field);

}  // namespace orch
