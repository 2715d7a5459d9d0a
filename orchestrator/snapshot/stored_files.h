#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "orchestrator/base/unique_fd.h"

namespace orch {

// The files of templates and saved states: made once, synced, never changed. All of these block;
// messages name the path. Where a file is not what was left there (missing, a link, of another kind
// or size, or the disk cannot read it), it is DATA_LOSS; other errors are by errno, a full disk
// RESOURCE_EXHAUSTED.

// Opens for reading; not through a link, and only a regular file.
absl::StatusOr<UniqueFd> OpenStored(const std::string& path);

// As OpenStored, and it has `size_bytes`.
absl::StatusOr<UniqueFd> OpenStored(const std::string& path, uint64_t size_bytes);

// The whole file. DATA_LOSS also when it is larger than `max_bytes`.
absl::StatusOr<std::string> ReadStored(const std::string& path, size_t max_bytes);

// Makes the new file `path`, which is not synced. ALREADY_EXISTS. On error there may be a part of
// it.
absl::Status CreateStored(const std::string& path, absl::string_view contents, mode_t mode);

// As CreateStored, and syncs it.
absl::Status WriteStored(const std::string& path, absl::string_view contents, mode_t mode);

// Returns when the contents are on the disk.
absl::Status SyncOpened(const UniqueFd& file, const std::string& path);

// Returns when what is in the regular files of a directory, and their names, are on the disk.
// Faster than one after the other: the disk works on all of them at once.
absl::Status SyncFiles(const std::string& directory);

// Returns when the names in a directory are on the disk.
absl::Status SyncDirectory(const std::string& path);

// Renames a directory beside itself, where nothing has the name `to`, and syncs the directory that
// both are in.
absl::Status RenameDurably(const std::string& from, const std::string& to);

// Files that have another name elsewhere, whose owner keeps them whatever happens here.
enum class SharedFiles { kCount, kLeaveOut };

// What a directory's files (not those in directories of it) take on disk, without holes. 0 when
// there is no such directory.
uint64_t DiskBytes(const std::string& directory, SharedFiles shared);

}  // namespace orch
