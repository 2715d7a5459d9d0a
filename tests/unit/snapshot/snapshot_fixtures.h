#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/snapshot/template.h"
#include "orchestrator/snapshot/template_catalog.h"

namespace orch::testing {

inline constexpr char kTemplateDevices[] = "the devices of a template";

inline TemplateSpec TestSpec(const std::string& image = "minimal") {
  TemplateSpec spec;
  spec.browser.image = image;
  spec.browser.headless = true;
  spec.browser.memory_mib = 1;
  spec.browser.vcpus = 1;
  spec.image_digest = std::string(64, 'a');
  spec.kernel_cmdline = "console=ttyS0 orch.mode=\"headless\"";
  spec.scratch_mib = 64;
  spec.cpu_model = "max";
  spec.machine_model = "q35-1";
  spec.hypervisor_version = "10.0.2";
  return spec;
}

// Writes `text` at `offset` of a file that may be read-only.
inline void Overwrite(const std::string& path, uint64_t offset, const std::string& text) {
  std::filesystem::permissions(path, std::filesystem::perms::owner_write,
                               std::filesystem::perm_options::add);
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  ASSERT_TRUE(file.is_open()) << path;
  file.seekp(static_cast<std::streamoff>(offset));
  file << text;
}

inline void FlipByte(const std::string& path, uint64_t offset) {
  std::ifstream file(path, std::ios::binary);
  file.seekg(static_cast<std::streamoff>(offset));
  const char byte = static_cast<char>(file.get() ^ 0x10);
  file.close();
  Overwrite(path, offset, std::string(1, byte));
}

inline std::string ReadWhole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

inline std::vector<std::string> NamesIn(const std::string& directory) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    names.push_back(entry.path().filename());
  }
  return names;
}

inline uint64_t BytesOnDisk(const std::string& path) {
  struct stat info;
  return ::stat(path.c_str(), &info) == 0 ? static_cast<uint64_t>(info.st_blocks) * 512 : 0;
}

// What a template's machine leaves in <key>.new.
inline void WriteMachineFiles(const std::string& directory, const TemplateSpec& spec,
                              const std::string& memory = "the memory of a template") {
  std::ofstream(directory + "/ram");
  std::filesystem::resize_file(directory + "/ram", uint64_t{spec.browser.memory_mib} << 20);
  Overwrite(directory + "/ram", 300'000, memory);
  if (spec.scratch_mib > 0) std::ofstream(directory + "/disk.qcow2") << "the disk of a template";
}

inline absl::StatusOr<TemplateRef> MakeTemplate(
    TemplateCatalog& catalog, const TemplateSpec& spec,
    const std::string& memory = "the memory of a template") {
  ORCH_ASSIGN_OR_RETURN(const std::string directory, catalog.Begin(TemplateKey(spec)));
  WriteMachineFiles(directory, spec, memory);
  return catalog.Commit(spec, kTemplateDevices);
}

}  // namespace orch::testing
