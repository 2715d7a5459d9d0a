#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

#include "absl/strings/str_cat.h"

#include "orchestrator/base/files.h"

namespace orch::testing {

// What libvirt finds out about QEMU costs it 8 s for each root that it has not seen. It is kept in
// $ORCHESTRATOR_CACHE_DIR, when that is set, from one test to the next. libvirt itself checks
// whether what it finds in its cache still holds (by the times of QEMU and of itself, the kernel
// and the processor) and looks again when it does not. Any number of tests may do this at the same
// time.
class CapabilityCache {
 public:
  // Where an embedded libvirt with this root looks.
  static CapabilityCache OfRoot(const std::string& root) {
    return CapabilityCache(root + "/cache/qemu/capabilities");
  }
  // Where a libvirt daemon looks.
  static CapabilityCache OfSystem() {
    return CapabilityCache("/var/cache/libvirt/qemu/capabilities");
  }

  // Before libvirt is opened.
  void Seed() const {
    if (!Kept().empty()) CopyChanged(Kept(), directory_);
  }

  // After libvirt was opened.
  void Keep() const {
    if (!Kept().empty()) CopyChanged(directory_, Kept());
  }

 private:
  explicit CapabilityCache(std::string directory) : directory_(std::move(directory)) {}

  static std::string Kept() {
    const char* cache = std::getenv("ORCHESTRATOR_CACHE_DIR");
    return cache == nullptr ? "" : absl::StrCat(cache, "/libvirt-capabilities");
  }

  // What fails here, libvirt finds out again.
  static void CopyChanged(const std::string& from, const std::string& to) {
    namespace fs = std::filesystem;
    constexpr size_t kMaxFileBytes = 16 << 20;
    std::error_code error;
    fs::create_directories(to, error);
    for (fs::directory_iterator it(from, error), end; !error && it != end; it.increment(error)) {
      if (it->path().extension() != ".xml") continue;
      const std::string target = fs::path(to) / it->path().filename();
      const absl::StatusOr<std::string> now = ReadFile(it->path(), kMaxFileBytes);
      const absl::StatusOr<std::string> before = ReadFile(target, kMaxFileBytes);
      if (!now.ok() || (before.ok() && *before == *now)) continue;
      WriteFileAtomically(target, *now).IgnoreError();
    }
  }

  const std::string directory_;
};

}  // namespace orch::testing
