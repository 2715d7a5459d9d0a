#include "orchestrator/image/image_manifest.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "toml++/toml.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/base/toml_reader.h"

namespace orch {
namespace {

constexpr size_t kMaxImageName = 63;
constexpr size_t kSha256Characters = 64;
constexpr size_t kMaxFileName = 255;
constexpr size_t kMaxKernelCommandLine = 1024;  // The kernel takes 2047 and the daemon adds to it.
constexpr size_t kMaxCapabilities = 32;
constexpr size_t kMaxConsoleReady = 128;
constexpr int64_t kMaxMemoryMib = int64_t{16} << 20;  // 16 TiB
constexpr int64_t kMaxVcpus = 4096;

bool IsLowerHex(absl::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return absl::ascii_isdigit(c) || (c >= 'a' && c <= 'f'); });
}

bool IsFileName(absl::string_view text) {
  return !text.empty() && text.size() <= kMaxFileName && text != "." && text != ".." &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return absl::ascii_isgraph(c) && c != '/' && c != ','; });
}

bool IsPrintable(absl::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return absl::ascii_isprint(c); });
}

absl::StatusOr<ImageFile> ReadFileTable(TomlReader& manifest, const std::string& key,
                                        const std::string& directory) {
  const toml::table* node = manifest.Table(key);
  if (node == nullptr) return manifest.Finish();
  TomlReader table(*node, key + ".");
  const std::string name = table.String("file");
  table.Require(IsFileName(name), "file", "must be a file name without '/', ',' and blanks");
  ImageFile file;
  file.path = absl::StrCat(directory, "/", name);
  file.sha256 = table.String("sha256");
  table.Require(file.sha256.size() == kSha256Characters && IsLowerHex(file.sha256), "sha256",
                "must be 64 characters of [0-9a-f]");
  file.size_bytes =
      static_cast<uint64_t>(table.Integer("size", 1, std::numeric_limits<int64_t>::max()));
  ORCH_RETURN_IF_ERROR(table.Finish());
  return file;
}

std::vector<std::string> ReadCapabilities(TomlReader& manifest) {
  constexpr absl::string_view kKey = "capabilities";
  std::vector<std::string> capabilities;
  const toml::node* node = manifest.Node(kKey);
  if (node == nullptr) return capabilities;
  const toml::array* array = node->as_array();
  manifest.Require(array != nullptr && array->size() <= kMaxCapabilities, kKey,
                   absl::StrCat("must be an array of at most ", kMaxCapabilities, " names"));
  if (array == nullptr) return capabilities;
  for (const toml::node& element : *array) {
    const auto* text = element.as_string();
    manifest.Require(text != nullptr && IsImageName(text->get()), kKey,
                     "must hold names of [a-z0-9-], 1 to 63 characters");
    if (text != nullptr) capabilities.push_back(text->get());
  }
  return capabilities;
}

// How an image without agent shows that it is ready; nothing else would tell.
std::string ReadConsoleReady(TomlReader& manifest, bool has_agent) {
  constexpr absl::string_view kKey = "console_ready";
  if (has_agent) {
    manifest.Require(!manifest.Has(kKey), kKey,
                     "must be absent: the agent tells when the guest is ready");
    return "";
  }
  std::string text = manifest.String(kKey);
  manifest.Require(!text.empty() && text.size() <= kMaxConsoleReady && IsPrintable(text), kKey,
                   absl::StrCat("must be 1 to ", kMaxConsoleReady, " printable characters"));
  return text;
}

absl::Status ReadFiles(TomlReader& manifest, const std::string& directory, Image& image) {
  struct Part {
    const char* key;
    std::string& path;
    bool required;
  };
  const Part parts[] = {{"kernel", image.kernel, true},
                        {"initramfs", image.initramfs, image.has_agent},
                        {"root", image.root, image.has_agent}};
  for (const Part& part : parts) {
    if (!part.required && !manifest.Has(part.key)) continue;
    ORCH_ASSIGN_OR_RETURN(ImageFile file, ReadFileTable(manifest, part.key, directory));
    part.path = file.path;
    image.files.push_back(std::move(file));
  }
  return absl::OkStatus();
}

}  // namespace

bool IsImageName(absl::string_view name) {
  return !name.empty() && name.size() <= kMaxImageName &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-';
         });
}

absl::StatusOr<Image> ParseImageManifest(absl::string_view toml, const std::string& directory) {
  ORCH_ASSIGN_OR_RETURN(const toml::table parsed, ParseToml(toml));
  TomlReader manifest(parsed, "");
  Image image;
  image.name = manifest.String("name");
  manifest.Require(IsImageName(image.name), "name", "must be [a-z0-9-], 1 to 63 characters");
  image.digest = manifest.String("digest");
  manifest.Require(image.digest.size() == kSha256Characters && IsLowerHex(image.digest), "digest",
                   "must be 64 characters of [0-9a-f]");
  image.kernel_cmdline = manifest.String("kernel_cmdline");
  manifest.Require(
      image.kernel_cmdline.size() <= kMaxKernelCommandLine && IsPrintable(image.kernel_cmdline),
      "kernel_cmdline",
      absl::StrCat("must be at most ", kMaxKernelCommandLine, " printable characters"));
  image.default_memory_mib =
      manifest.Uint32("default_memory_mib", kMinImageMemoryMib, kMaxMemoryMib);
  image.default_memory_mib_headful =
      manifest.Uint32("default_memory_mib_headful", kMinImageMemoryMib, kMaxMemoryMib);
  image.default_vcpus = manifest.Uint32("default_vcpus", 1, kMaxVcpus);
  image.scratch_mib = manifest.Uint32("scratch_mib", 0, kMaxMemoryMib);
  image.scratch_mib_headful = manifest.Uint32("scratch_mib_headful", 0, kMaxMemoryMib);
  image.capabilities = ReadCapabilities(manifest);
  image.has_agent = image.HasCapability("agent");

  image.console_ready = ReadConsoleReady(manifest, image.has_agent);
  ORCH_RETURN_IF_ERROR(ReadFiles(manifest, directory, image));
  ORCH_RETURN_IF_ERROR(manifest.Finish());
  return image;
}

}  // namespace orch
