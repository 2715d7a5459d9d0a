#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace orch {

// Reads a whole file. NOT_FOUND, PERMISSION_DENIED ... by errno; RESOURCE_EXHAUSTED when it is
// larger than `max_bytes`. The message names the path.
absl::StatusOr<std::string> ReadFile(const std::string& path, size_t max_bytes);

// The last `max_bytes` of a file, or all of a shorter one.
absl::StatusOr<std::string> ReadFileTail(const std::string& path, size_t max_bytes);

// Writes under a temporary name beside `path`, syncs and renames: a reader sees the old file or the
// whole new one.
absl::Status WriteFileAtomically(const std::string& path, absl::string_view contents,
                                 mode_t mode = 0600);

// Removes a file or a directory with all in it. A path that does not exist is OK.
absl::Status RemoveAll(const std::string& path);

}  // namespace orch
