#pragma once

#include <cstdint>

#include "absl/status/statusor.h"

#include "orchestrator/archive/byte_stream.h"
#include "orchestrator/base/unique_fd.h"

namespace orch {

// Writes all of `source` to a file without name in the file system of the directory `directory`.
// Blocks. RESOURCE_EXHAUSTED: more than `max_bytes`, or the disk is full. Else what the source or
// the system said.
absl::StatusOr<UniqueFd> SpoolToFile(ByteSource& source, int directory, uint64_t max_bytes);

}  // namespace orch
