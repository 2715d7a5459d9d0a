#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

#include "orchestrator/image/file_digest.h"

namespace orch::testing {

struct FakeImage {
  // One without is a kernel that prints "ready".
  bool has_agent = true;
  // 0: its machines have no scratch disk.
  uint32_t scratch_mib = 64;
};

// Makes an image, without anything that boots, in `images_dir` as scripts/build-image would.
inline void MakeFakeImage(const std::string& images_dir, const std::string& name,
                          const FakeImage& image = {}) {
  namespace fs = std::filesystem;
  const std::string digest(64, 'a');
  const std::string directory = absl::StrCat(images_dir, "/", name, "/", digest);
  fs::create_directories(directory);
  std::string manifest =
      absl::StrCat("name = \"", name, "\"\ndigest = \"", digest, "\"\nkernel_cmdline = \"\"\n",
                   image.has_agent ? "capabilities = [\"agent\", \"headful\"]\n"
                                   : "capabilities = []\nconsole_ready = \"ready\"\n",
                   "default_memory_mib = 256\ndefault_memory_mib_headful = 512\n"
                   "default_vcpus = 1\nscratch_mib = ",
                   image.scratch_mib, "\nscratch_mib_headful = ", image.scratch_mib, "\n");
  std::vector<std::string> parts = {"kernel"};
  if (image.has_agent) parts = {"kernel", "initramfs", "root"};
  for (const std::string& part : parts) {
    const std::string path = absl::StrCat(directory, "/", part);
    std::ofstream(path) << "contents of " << part;
    absl::StrAppend(&manifest, "[", part, "]\nfile = \"", part, "\"\nsize = ", fs::file_size(path),
                    "\nsha256 = \"", Sha256OfFile(path).value(), "\"\n");
  }
  std::ofstream(directory + "/manifest.toml") << manifest;
  fs::create_symlink(digest, absl::StrCat(images_dir, "/", name, "/current"));
}

}  // namespace orch::testing
