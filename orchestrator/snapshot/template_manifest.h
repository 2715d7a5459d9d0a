#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "orchestrator/snapshot/template.h"

namespace orch {

// What a file must be.
struct FileSeal {
  uint64_t size_bytes = 0;
  // 32 characters of [0-9a-f]; see content_hash.h.
  std::string xxh3_128;
  friend bool operator==(const FileSeal&, const FileSeal&) = default;
};

// A template, with what its files must be.
struct TemplateManifest {
  Template value;
  FileSeal ram;
  // Of no meaning where `value.spec.scratch_mib` is 0.
  FileSeal disk;
  FileSeal devices;
};

// No manifest is longer; ParseTemplateManifest need not see more.
inline constexpr size_t kMaxTemplateManifestBytes = 64 * 1024;

// The file's text: sealed TOML. Where the template is, what it takes on disk, and its spec's times
// are no part of it. INVALID_ARGUMENT: `manifest` is one that ParseTemplateManifest would refuse;
// the message names the key.
absl::StatusOr<std::string> FormatTemplateManifest(const TemplateManifest& manifest);

// Pure; looks at no file. DATA_LOSS: it is damaged, of another version, or not a manifest; the
// message says what is wrong.
absl::StatusOr<TemplateManifest> ParseTemplateManifest(absl::string_view text);

}  // namespace orch
