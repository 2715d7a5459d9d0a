#pragma once

#include "absl/status/statusor.h"

#include "guest/v1/process.pb.h"
#include "orchestrator/agent/process/output_ring.h"

namespace orch::agent {

// What `request` asks for of the kept output. INVALID_ARGUMENT: `stream` is unknown.
absl::StatusOr<guest::v1::GetLogsResponse> GetLogs(const OutputRing& output,
                                                   const guest::v1::GetLogsRequest& request);

}  // namespace orch::agent
