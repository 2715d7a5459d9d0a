#include "orchestrator/snapshot/saved_state_manifest.h"

#include <limits>
#include <sstream>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "toml++/toml.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/base/toml_reader.h"
#include "orchestrator/model/entity_id.h"
#include "orchestrator/snapshot/sealed_text.h"
#include "orchestrator/snapshot/template.h"

namespace orch {
namespace {

constexpr int64_t kVersion = 1;
constexpr int64_t kMaxInteger = std::numeric_limits<int64_t>::max();
constexpr int64_t kMinInteger = std::numeric_limits<int64_t>::min();
constexpr int64_t kMaxMemoryMib = int64_t{16} << 20;  // 16 TiB
constexpr size_t kHashCharacters = 32;

absl::StatusOr<DiskMark> ReadDisk(TomlReader& manifest) {
  const toml::table* table = manifest.Table("disk");
  if (table == nullptr) return manifest.Finish();
  TomlReader reader(*table, "disk.");
  DiskMark disk;
  disk.size_bytes = static_cast<uint64_t>(reader.Integer("size", 0, kMaxInteger));
  disk.mtime_ns = reader.Integer("mtime_ns", kMinInteger, kMaxInteger);
  // TOML has no unsigned integers: the same 64 bits.
  disk.inode = static_cast<uint64_t>(reader.Integer("inode", kMinInteger, kMaxInteger));
  ORCH_RETURN_IF_ERROR(reader.Finish());
  return disk;
}

absl::StatusOr<SavedStateManifest> Read(absl::string_view text) {
  ORCH_ASSIGN_OR_RETURN(const toml::table table, ParseToml(text));
  TomlReader reader(table, "");
  const int64_t version = reader.Integer("version", 0, kMaxInteger);
  if (version != kVersion) {
    return absl::InvalidArgumentError(
        absl::StrCat("it is of version ", version, ", not ", kVersion));
  }
  SavedStateManifest manifest;
  manifest.template_key = reader.String("template_key");
  reader.Require(IsTemplateKey(manifest.template_key), "template_key",
                 "must be 32 characters of [0-9a-f]");
  manifest.template_build = reader.String("template_build");
  reader.Require(CheckEntityId("build", manifest.template_build).ok(), "template_build",
                 "must be 24 characters of [a-z0-9]");
  manifest.memory_mib = reader.Uint32("memory_mib", 1, kMaxMemoryMib);
  manifest.devices_bytes = static_cast<uint64_t>(reader.Integer("devices_size", 0, kMaxInteger));
  manifest.devices_xxh3_128 = reader.String("devices_xxh3_128");
  reader.Require(manifest.devices_xxh3_128.size() == kHashCharacters, "devices_xxh3_128",
                 absl::StrCat("must have ", kHashCharacters, " characters"));
  manifest.pages_bytes = static_cast<uint64_t>(reader.Integer("pages_size", 0, kMaxInteger));
  if (reader.Has("disk")) {
    ORCH_ASSIGN_OR_RETURN(manifest.disk, ReadDisk(reader));
  }
  ORCH_RETURN_IF_ERROR(reader.Finish());
  return manifest;
}

}  // namespace

std::string FormatSavedStateManifest(const SavedStateManifest& manifest) {
  toml::table table;
  table.insert("version", kVersion);
  table.insert("template_key", manifest.template_key);
  table.insert("template_build", manifest.template_build);
  table.insert("memory_mib", int64_t{manifest.memory_mib});
  table.insert("devices_size", static_cast<int64_t>(manifest.devices_bytes));
  table.insert("devices_xxh3_128", manifest.devices_xxh3_128);
  table.insert("pages_size", static_cast<int64_t>(manifest.pages_bytes));
  if (manifest.disk) {
    toml::table disk;
    disk.insert("size", static_cast<int64_t>(manifest.disk->size_bytes));
    disk.insert("mtime_ns", manifest.disk->mtime_ns);
    disk.insert("inode", static_cast<int64_t>(manifest.disk->inode));
    table.insert("disk", std::move(disk));
  }
  std::ostringstream text;
  text << table << "\n";
  return SealText(text.str());
}

absl::StatusOr<SavedStateManifest> ParseSavedStateManifest(absl::string_view text) {
  ORCH_ASSIGN_OR_RETURN(const absl::string_view unsealed, UnsealText(text));
  absl::StatusOr<SavedStateManifest> manifest = Read(unsealed);
  if (!manifest.ok()) return absl::DataLossError(manifest.status().message());
  return manifest;
}

}  // namespace orch
