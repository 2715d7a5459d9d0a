#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace orch {

// No image runs in less memory.
inline constexpr uint32_t kMinImageMemoryMib = 4;

// One file of an image, as its manifest promises it.
struct ImageFile {
  std::string path;  // Absolute.
  uint64_t size_bytes = 0;
  std::string sha256;  // 64 characters of [0-9a-f].
  friend bool operator==(const ImageFile&, const ImageFile&) = default;
};

// What a virtual machine boots. A value, made by ImageCatalog; its files never change (a rebuild
// makes new ones).
struct Image {
  // [a-z0-9-], 1 to 63 characters.
  std::string name;
  // 64 characters of [0-9a-f]; images with the same digest are the same.
  std::string digest;

  // Absolute paths. Empty: there is none. An image with agent has all three.
  std::string kernel;
  std::string initramfs;
  std::string root;

  // What this image wants on its kernel's command line, besides what the daemon puts there. May be
  // empty.
  std::string kernel_cmdline;

  uint32_t default_memory_mib = 0;
  uint32_t default_memory_mib_headful = 0;
  uint32_t default_vcpus = 0;
  // 0: no scratch disk.
  uint32_t scratch_mib = 0;
  uint32_t scratch_mib_headful = 0;

  // "agent", "chromium", "headful".
  std::vector<std::string> capabilities;
  // Whether `capabilities` has "agent". Without one, nothing in the guest can be called.
  bool has_agent = false;
  // An image without agent is ready when its console has this text (1 to 128 printable characters,
  // no pattern). Empty with an agent, which says so itself.
  std::string console_ready;

  // Kernel, initramfs and root, as far as there are any.
  std::vector<ImageFile> files;

  bool HasCapability(absl::string_view capability) const {
    return std::find(capabilities.begin(), capabilities.end(), capability) != capabilities.end();
  }

  friend bool operator==(const Image&, const Image&) = default;
};

}  // namespace orch
