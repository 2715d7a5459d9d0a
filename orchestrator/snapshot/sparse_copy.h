#pragma once

#include "absl/status/status.h"

namespace orch {

// Makes the empty file `to` what the file `from` is: shares its blocks where the file system can
// (reflink), else copies its data and leaves its holes. Both are open files. RESOURCE_EXHAUSTED: the
// disk is full.
absl::Status SparseCopy(int from, int to);

}  // namespace orch
