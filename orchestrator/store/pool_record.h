#pragma once

#include "absl/status/status.h"

#include "orchestrator/model/pool.h"

namespace orch {

// Checks what model/pool.h promises of a record, and the limits of record_checks.h. Every store
// checks each record on its way in, and those that read from outside the process check it again on
// its way out.
//
// INVALID_ARGUMENT: the message names the pool, the field and the limit.
absl::Status ValidatePoolRecord(const Pool& pool);

}  // namespace orch
