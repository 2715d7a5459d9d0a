#include "orchestrator/snapshot/template_manifest.h"

#include <algorithm>
#include <limits>
#include <sstream>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "toml++/toml.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/base/toml_reader.h"
#include "orchestrator/model/entity_id.h"
#include "orchestrator/snapshot/sealed_text.h"

namespace orch {
namespace {

constexpr int64_t kVersion = 2;
constexpr int64_t kMaxInteger = std::numeric_limits<int64_t>::max();
constexpr int64_t kMaxMib = int64_t{16} << 20;  // 16 TiB
constexpr int64_t kMaxVcpus = 4096;
constexpr int64_t kMaxPixels = 1 << 16;
constexpr size_t kMaxText = 256;
constexpr size_t kMaxKernelCommandLine = 4096;  // The kernel takes 2047.
constexpr size_t kHashCharacters = 32;

toml::table ToToml(const FileSeal& seal) {
  toml::table table;
  table.insert("size", static_cast<int64_t>(seal.size_bytes));
  table.insert("xxh3_128", seal.xxh3_128);
  return table;
}

toml::table ToToml(const TemplateSpec& spec) {
  toml::table table;
  table.insert("image", spec.browser.image);
  table.insert("headless", spec.browser.headless);
  table.insert("memory_mib", int64_t{spec.browser.memory_mib});
  table.insert("vcpus", int64_t{spec.browser.vcpus});
  if (spec.browser.viewport) {
    table.insert("viewport_width", int64_t{spec.browser.viewport->width_px});
    table.insert("viewport_height", int64_t{spec.browser.viewport->height_px});
  }
  table.insert("kiosk_mode", spec.browser.kiosk_mode);
  table.insert("image_digest", spec.image_digest);
  table.insert("kernel_cmdline", spec.kernel_cmdline);
  table.insert("scratch_mib", int64_t{spec.scratch_mib});
  table.insert("has_agent", spec.has_agent);
  table.insert("kvm", spec.accelerator == Accelerator::kKvm);
  table.insert("vsock", spec.transport == TransportKind::kVsock);
  table.insert("cpu_model", spec.cpu_model);
  table.insert("machine_model", spec.machine_model);
  table.insert("hypervisor_version", spec.hypervisor_version);
  return table;
}

std::string Text(TomlReader& reader, absl::string_view key, size_t max_bytes) {
  std::string text = reader.String(key);
  reader.Require(text.size() <= max_bytes, key,
                 absl::StrCat("must have at most ", max_bytes, " bytes"));
  return text;
}

absl::StatusOr<FileSeal> ReadSeal(TomlReader& manifest, const std::string& key) {
  const toml::table* table = manifest.Table(key);
  if (table == nullptr) return manifest.Finish();
  TomlReader reader(*table, key + ".");
  FileSeal seal;
  seal.size_bytes = static_cast<uint64_t>(reader.Integer("size", 0, kMaxInteger));
  seal.xxh3_128 = reader.String("xxh3_128");
  reader.Require(seal.xxh3_128.size() == kHashCharacters, "xxh3_128",
                 absl::StrCat("must have ", kHashCharacters, " characters"));
  ORCH_RETURN_IF_ERROR(reader.Finish());
  return seal;
}

absl::StatusOr<TemplateSpec> ReadSpec(TomlReader& manifest) {
  const toml::table* table = manifest.Table("spec");
  if (table == nullptr) return manifest.Finish();
  TomlReader reader(*table, "spec.");
  TemplateSpec spec;
  spec.browser.image = Text(reader, "image", kMaxText);
  spec.browser.headless = reader.Boolean("headless");
  spec.browser.memory_mib = reader.Uint32("memory_mib", 1, kMaxMib);
  spec.browser.vcpus = reader.Uint32("vcpus", 1, kMaxVcpus);
  if (reader.Has("viewport_width") || reader.Has("viewport_height")) {
    spec.browser.viewport = {.width_px = reader.Uint32("viewport_width", 1, kMaxPixels),
                             .height_px = reader.Uint32("viewport_height", 1, kMaxPixels)};
  }
  spec.browser.kiosk_mode = reader.Boolean("kiosk_mode");
  spec.image_digest = Text(reader, "image_digest", kMaxText);
  spec.kernel_cmdline = Text(reader, "kernel_cmdline", kMaxKernelCommandLine);
  spec.scratch_mib = reader.Uint32("scratch_mib", 0, kMaxMib);
  spec.has_agent = reader.Boolean("has_agent");
  spec.accelerator = reader.Boolean("kvm") ? Accelerator::kKvm : Accelerator::kTcg;
  spec.transport = reader.Boolean("vsock") ? TransportKind::kVsock : TransportKind::kVirtioSerial;
  spec.cpu_model = Text(reader, "cpu_model", kMaxText);
  spec.machine_model = Text(reader, "machine_model", kMaxText);
  spec.hypervisor_version = Text(reader, "hypervisor_version", kMaxText);
  ORCH_RETURN_IF_ERROR(reader.Finish());
  return spec;
}

absl::StatusOr<TemplateManifest> Read(absl::string_view text) {
  ORCH_ASSIGN_OR_RETURN(const toml::table table, ParseToml(text));
  TomlReader reader(table, "");
  const int64_t version = reader.Integer("version", 0, kMaxInteger);
  if (version != kVersion) {
    return absl::InvalidArgumentError(
        absl::StrCat("it is of version ", version, ", not ", kVersion));
  }
  TemplateManifest manifest;
  manifest.value.key = reader.String("key");
  reader.Require(IsTemplateKey(manifest.value.key), "key", "must be 32 characters of [0-9a-f]");
  manifest.value.build = reader.String("build");
  reader.Require(CheckEntityId("build", manifest.value.build).ok(), "build",
                 "must be 24 characters of [a-z0-9]");
  manifest.value.created_at =
      absl::FromUnixMicros(reader.Integer("created_at_us", -kMaxInteger, kMaxInteger));
  ORCH_ASSIGN_OR_RETURN(manifest.value.spec, ReadSpec(reader));
  ORCH_ASSIGN_OR_RETURN(manifest.ram, ReadSeal(reader, "ram"));
  if (manifest.value.spec.scratch_mib > 0) {
    ORCH_ASSIGN_OR_RETURN(manifest.disk, ReadSeal(reader, "disk"));
  }
  ORCH_ASSIGN_OR_RETURN(manifest.devices, ReadSeal(reader, "devices"));
  ORCH_RETURN_IF_ERROR(reader.Finish());
  return manifest;
}

}  // namespace

absl::StatusOr<std::string> FormatTemplateManifest(const TemplateManifest& manifest) {
  toml::table table;
  table.insert("version", kVersion);
  table.insert("key", manifest.value.key);
  table.insert("build", manifest.value.build);
  table.insert("created_at_us", absl::ToUnixMicros(manifest.value.created_at));
  table.insert("spec", ToToml(manifest.value.spec));
  table.insert("ram", ToToml(manifest.ram));
  if (manifest.value.spec.scratch_mib > 0) table.insert("disk", ToToml(manifest.disk));
  table.insert("devices", ToToml(manifest.devices));
  std::ostringstream text;
  text << table << "\n";
  ORCH_ASSIGN_OR_RETURN(const TemplateManifest read_back, Read(text.str()));
  if (TemplateKey(read_back.value.spec) != TemplateKey(manifest.value.spec)) {
    return absl::InvalidArgumentError("the template's spec has text that cannot be written");
  }
  return SealText(text.str());
}

absl::StatusOr<TemplateManifest> ParseTemplateManifest(absl::string_view text) {
  ORCH_ASSIGN_OR_RETURN(const absl::string_view unsealed, UnsealText(text));
  absl::StatusOr<TemplateManifest> manifest = Read(unsealed);
  if (!manifest.ok()) return absl::DataLossError(manifest.status().message());
  return manifest;
}

}  // namespace orch
