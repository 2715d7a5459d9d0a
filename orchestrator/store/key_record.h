#pragma once

#include "absl/status/status.h"

#include "orchestrator/model/api_key.h"

namespace orch {

// Checks what model/api_key.h promises of a record. INVALID_ARGUMENT names the key and the field.
absl::Status ValidateKeyRecord(const ApiKey& key);

}  // namespace orch
