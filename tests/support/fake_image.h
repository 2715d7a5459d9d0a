#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"

#include "orchestrator/image/file_digest.h"

namespace orch::testing {

// Makes an image with the agent, without anything that boots, in `images_dir` as
// scripts/build-image would.
inline void MakeFakeImage(const std::string& images_dir, const std::string& name) {
  namespace fs = std::filesystem;
  const std::string digest(64, 'a');
  const std::string directory = absl::StrCat(images_dir, "/", name, "/", digest);
  fs::create_directories(directory);
  std::string manifest =
      absl::StrCat("name = \"", name, "\"\ndigest = \"", digest,
                   "\"\ncapabilities = [\"agent\", \"headful\"]\nkernel_cmdline = \"\"\n"
                   "default_memory_mib = 256\ndefault_memory_mib_headful = 512\n"
                   "default_vcpus = 1\nscratch_mib = 64\nscratch_mib_headful = 64\n");
  for (const char* part : {"kernel", "initramfs", "root"}) {
    const std::string path = absl::StrCat(directory, "/", part);
    std::ofstream(path) << "contents of " << part;
    absl::StrAppend(&manifest, "[", part, "]\nfile = \"", part, "\"\nsize = ", fs::file_size(path),
                    "\nsha256 = \"", Sha256OfFile(path).value(), "\"\n");
  }
  std::ofstream(directory + "/manifest.toml") << manifest;
  fs::create_symlink(digest, absl::StrCat(images_dir, "/", name, "/current"));
}

}  // namespace orch::testing
