#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

#include "orchestrator/base/unique_fd.h"

namespace orch {

// The directory that an archive is unpacked into. Finds and makes directories below it without ever
// following a symbolic link or leaving it, whatever others do there at the same time: by openat2's
// RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS, or name by name with O_NOFOLLOW where the kernel or a
// sandbox has no openat2. Not thread-safe. Blocks.
class TargetDirectory {
 public:
  // `root` is a descriptor of the directory (O_PATH will do), which outlives this. More than
  // `max_made` directories are not made.
  TargetDirectory(int root, uint64_t max_made) : root_(root), max_made_(max_made) {}

  // A descriptor (O_PATH) of the directory that `names` lead to, made with mode 0755 where missing;
  // valid until the next call. FAILED_PRECONDITION: a symbolic link or a file is in the way.
  // RESOURCE_EXHAUSTED: too many directories. Messages name what is in the way, relative to the
  // target.
  absl::StatusOr<int> Reach(absl::Span<const std::string> names);

  uint64_t made() const { return made_; }

 private:
  absl::StatusOr<UniqueFd> Walk(absl::Span<const std::string> names);

  const int root_;
  const uint64_t max_made_;
  uint64_t made_ = 0;
  // The directory reached last: entries of one directory mostly follow one another.
  std::string last_path_;
  UniqueFd last_;
};

}  // namespace orch
