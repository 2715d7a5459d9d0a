#pragma once

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "orchestrator/archive/archive_limits.h"
#include "orchestrator/archive/archive_writer.h"

namespace orch {

// Packs all that is in the directory `directory` (a descriptor that can be read), names relative to
// it and in byte order, and finishes the archive. Symbolic links are packed as such and never
// followed; sockets, pipes and devices are left out. What goes away meanwhile is left out, what
// grows is cut to the size that it had. Blocks; calls `check` often and ends with its error. Memory
// is that of the names in the directories from the root to where it is.
//
// RESOURCE_EXHAUSTED: a limit, or more than 256 directories are nested. PERMISSION_DENIED:
// something cannot be read; the message names it. Else what the archive's sink said.
absl::StatusOr<ArchiveCounts> PackDirectory(int directory, ArchiveWriter& archive,
                                            const ArchiveLimits& limits,
                                            absl::FunctionRef<absl::Status()> check);

}  // namespace orch
