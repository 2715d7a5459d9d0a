#pragma once

#include <sys/stat.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "orchestrator/agent/filesystem/guest_path.h"
#include "orchestrator/base/unique_fd.h"

// How calls get from a path to a descriptor, once; all that follows is done on the descriptor, so
// that it is still about the same file. Errors name the path, with the codes that filesystem.proto
// lists. With `no_symlinks`, a symbolic link anywhere in the path is FAILED_PRECONDITION (openat2
// with RESOLVE_NO_SYMLINKS).
namespace orch::agent {

// The status for an errno of a call on `path`.
absl::Status PathError(int error, absl::string_view what, absl::string_view path);

// A descriptor that only names what is there (O_PATH): opening it has no effect on a device or
// pipe. With `nofollow`, of a symbolic link at the end.
absl::StatusOr<UniqueFd> OpenName(const GuestPath& path, bool no_symlinks, bool nofollow = false);

// A descriptor that only names the directory that `path` is in, whether `path` exists or not.
absl::StatusOr<UniqueFd> OpenParent(const GuestPath& path, bool no_symlinks);

// A directory, to be read. FAILED_PRECONDITION: it is none.
absl::StatusOr<UniqueFd> OpenDirectory(const GuestPath& path, bool no_symlinks);

// The regular file that `name` (O_PATH) names, opened with `flags`. FAILED_PRECONDITION: it is
// something else.
absl::StatusOr<UniqueFd> OpenRegularFile(const UniqueFd& name, int flags, const GuestPath& path);

// Creates a missing directory and its missing parents with mode 0755, and returns a descriptor that
// only names it.
absl::StatusOr<UniqueFd> MakeDirectories(const GuestPath& path, bool no_symlinks);

// "a directory", "a character device".
absl::string_view KindOf(mode_t mode);

}  // namespace orch::agent
