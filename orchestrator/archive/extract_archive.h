#pragma once

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "orchestrator/archive/archive_limits.h"
#include "orchestrator/archive/archive_reader.h"

namespace orch {

// Unpacks all of `archive` into the directory `target` (O_PATH will do), without ever leaving it:
// see SplitEntryName and TargetDirectory. Files, symbolic and hard links replace what is in their
// way unless that is a directory; directories that are there stay as they are. Modes, and
// modification times of files, are those of the archive; owners are the caller's.
//
// Blocks; calls `check` often and ends with its error. What was unpacked before an error stays.
// Errors name the entry. INVALID_ARGUMENT: a name that leaves the target, a device, pipe or socket.
// FAILED_PRECONDITION: a symbolic link, or a file in the place of a directory or the reverse, is in
// the way. RESOURCE_EXHAUSTED: a limit, or the disk is full. Else as ArchiveReader says.
absl::StatusOr<ArchiveCounts> ExtractArchive(ArchiveReader& archive, int target,
                                             const ArchiveLimits& limits,
                                             absl::FunctionRef<absl::Status()> check);

}  // namespace orch
