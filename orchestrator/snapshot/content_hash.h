#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "orchestrator/base/unique_fd.h"

namespace orch {

// XXH3-128 of `bytes` as 32 characters of [0-9a-f]. It finds what a disk or a copy did to them, and
// is no proof against somebody who forges them.
std::string HashBytes(absl::string_view bytes);

// The same for a file, as it is now. It depends on the contents alone, not on which zeros are
// holes, and reads no holes: about 2 GB of data a second from the page cache. Blocks. DATA_LOSS: a
// disk error, or the file shrinks meanwhile; else by errno. Messages name `path`.
absl::StatusOr<std::string> HashSparseFile(const UniqueFd& file, const std::string& path);

}  // namespace orch
