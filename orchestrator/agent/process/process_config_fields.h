#pragma once

#include "absl/status/statusor.h"

#include "guest/v1/process.pb.h"
#include "orchestrator/agent/config/process_config.h"

namespace orch::agent {

// All fields are set.
guest::v1::ProcessConfig ToProto(const ProcessConfig& config);

// `config` with what `changes` has. INVALID_ARGUMENT: a field is out of range; the message names it
// and the range.
absl::StatusOr<ProcessConfig> ChangeConfig(ProcessConfig config,
                                           const guest::v1::ProcessConfig& changes);

}  // namespace orch::agent
