#pragma once

#include "absl/status/statusor.h"

#include "orchestrator/model/pool.h"
#include "orchestrator/pool/pool_change.h"
#include "orchestrator/pool/pool_status.h"
#include "orchestrator/pool/reuse.h"
#include "orchestrator/v1/pools.pb.h"

namespace orch {

// Between the model and the public API's messages.
orchestrator::v1::Pool ToProto(const PoolStatus& status);

// Only shape is checked here; PoolRegistry checks ranges. INVALID_ARGUMENT: fields that exclude
// each other.
absl::StatusOr<PoolSpec> FromProto(const orchestrator::v1::PoolSpec& spec);
absl::StatusOr<PoolChange> FromProto(const orchestrator::v1::UpdatePoolRequest& request);

// INVALID_ARGUMENT for unknown numbers.
absl::StatusOr<Reuse> FromProto(orchestrator::v1::Reuse reuse);

}  // namespace orch
