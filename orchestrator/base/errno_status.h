#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace orch {

// The status for an errno of a call on files, "`what`: the system's text". Codes are those of
// absl::ErrnoToStatus, except: a full disk or quota is RESOURCE_EXHAUSTED; a read-only file system,
// a loop of symbolic links, a busy mount point and another file system are FAILED_PRECONDITION; an
// I/O error is DATA_LOSS.
absl::Status ErrnoStatus(int error, absl::string_view what);

}  // namespace orch
