#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/files.h"
#include "orchestrator/base/status_macros.h"

namespace orch::testing {

// A directory of images with a copy of the minimal one, for a test to damage.
class ImageCopy {
 public:
  // `images` is made.
  static absl::StatusOr<ImageCopy> Make(const std::string& images) {
    namespace fs = std::filesystem;
    const char* root = std::getenv("ORCH_TEST_IMAGE_ROOT");
    if (root == nullptr) {
      return absl::FailedPreconditionError("ORCH_TEST_IMAGE_ROOT must say where the images are");
    }
    std::error_code error;
    const fs::path from = fs::path(root) / "minimal";
    const fs::path to = fs::path(images) / "minimal";
    const fs::path digest = fs::read_symlink(from / "current", error);
    if (!error) fs::create_directories(to, error);
    if (!error) fs::copy(from / digest, to / digest, error);
    if (!error) fs::create_directory_symlink(digest, to / "current", error);
    if (error) return absl::InternalError(absl::StrCat("cannot copy an image: ", error.message()));
    return ImageCopy(images, to / digest);
  }

  // What --image-dir takes.
  const std::string& images() const { return images_; }
  // Of "vmlinux", "initramfs", "root.erofs", "manifest.toml".
  std::string File(const std::string& name) const { return directory_ + "/" + name; }

  // Boots with these words at the end of the kernel's command line instead of the image's own.
  absl::Status SetKernelCommandLine(const std::string& words) const {
    constexpr char kKey[] = "kernel_cmdline = \"";
    ORCH_ASSIGN_OR_RETURN(std::string manifest, ReadFile(File("manifest.toml"), 1 << 16));
    const size_t start = manifest.find(kKey) + sizeof(kKey) - 1;
    manifest.replace(start, manifest.find('"', start) - start, words);
    return WriteFileAtomically(File("manifest.toml"), manifest, 0444);
  }

 private:
  ImageCopy(std::string images, std::string directory)
      : images_(std::move(images)), directory_(std::move(directory)) {}

  std::string images_;
  std::string directory_;
};

}  // namespace orch::testing
