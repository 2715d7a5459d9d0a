#pragma once

#include <sys/types.h>

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "orchestrator/base/unique_fd.h"

namespace orch {

// Files that a virtual machine's user owns are hostile: a name may turn into a link to anything. So
// a file is opened once, checked, and then only its descriptor is used.

// Opens `path` for reading. Its directory's owner, who may put anything there, must also own the
// file, so nobody gets at the contents of others' files through a hard link. NOT_FOUND: no such
// file. FAILED_PRECONDITION: it is a link, no regular file, or somebody else's.
absl::StatusOr<UniqueFd> OpenHostileFile(const std::string& path);

// Gives an open file the new name `path`, on the same file system. ALREADY_EXISTS. Needs /proc.
absl::Status LinkOpenFile(const UniqueFd& file, const std::string& path);

// Makes the new file `path` with what is in `file` now: shared with it where the file system can
// (FICLONE), else a copy with the same holes. Blocks; not synced. ALREADY_EXISTS.
// RESOURCE_EXHAUSTED: the disk is full. On error there may be a part of it.
absl::Status CopyOpenFile(const UniqueFd& file, const std::string& path, mode_t mode);

}  // namespace orch
