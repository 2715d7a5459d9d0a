#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace orch {

// How a scratch disk's file was left. It is not compared by contents: a disk has gigabytes, and its
// machine waits. This notices that the file was written to or exchanged, above all by a machine
// that ran on after its memory was saved; the qcow2 file and the host's file system are trusted for
// the rest, as they are for a disk in use.
struct DiskMark {
  uint64_t size_bytes = 0;
  int64_t mtime_ns = 0;
  uint64_t inode = 0;
  friend bool operator==(const DiskMark&, const DiskMark&) = default;
};

// What a saved state is made of.
struct SavedStateManifest {
  std::string template_key;
  // See Template::build.
  std::string template_build;
  uint32_t memory_mib = 0;
  uint64_t devices_bytes = 0;
  // See content_hash.h.
  std::string devices_xxh3_128;
  // The file has checksums of its own.
  uint64_t pages_bytes = 0;
  // Absent: the machine has no scratch disk.
  std::optional<DiskMark> disk;
  friend bool operator==(const SavedStateManifest&, const SavedStateManifest&) = default;
};

// No manifest is longer; ParseSavedStateManifest need not see more.
inline constexpr size_t kMaxSavedStateManifestBytes = 4096;

// The file's text: sealed TOML.
std::string FormatSavedStateManifest(const SavedStateManifest& manifest);

// Pure; looks at no file. DATA_LOSS: it is damaged, of another version, or not a manifest; the
// message says what is wrong.
absl::StatusOr<SavedStateManifest> ParseSavedStateManifest(absl::string_view text);

}  // namespace orch
