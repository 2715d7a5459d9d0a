#pragma once

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/unique_fd.h"
#include "tests/support/temp_dir.h"

namespace orch::testing {

// A file system of its own that is soon full (tmpfs), seen by this process alone and gone with it.
// Needs root.
class SmallDisk {
 public:
  static absl::StatusOr<std::unique_ptr<SmallDisk>> Mount(uint64_t size_bytes) {
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
      return absl::ErrnoToStatus(errno, "cannot have mounts of its own");
    }
    auto disk = std::unique_ptr<SmallDisk>(new SmallDisk);
    const std::string options = absl::StrCat("mode=0711,size=", size_bytes);
    if (::mount("tmpfs", disk->path().c_str(), "tmpfs", 0, options.c_str()) != 0) {
      return absl::ErrnoToStatus(errno, "cannot mount a tmpfs");
    }
    return disk;
  }
  ~SmallDisk() { ::umount2(path().c_str(), MNT_DETACH); }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  const std::string& path() const { return directory_.path(); }
  std::string File(const std::string& name) const { return directory_.File(name); }

  // Leaves room for so many pages of 4 KiB and no more.
  absl::Status FillUpTo(uint64_t free_pages) {
    Empty();
    struct statvfs info;
    if (::statvfs(path().c_str(), &info) != 0) return absl::ErrnoToStatus(errno, "statvfs");
    const UniqueFd file(
        ::open(File(kFiller).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    const auto bytes = static_cast<off_t>((info.f_bfree - free_pages) * info.f_frsize);
    if (bytes > 0 && ::fallocate(file.get(), 0, 0, bytes) != 0) {
      return absl::ErrnoToStatus(errno, "cannot fill the disk");
    }
    return absl::OkStatus();
  }

  // Undoes FillUpTo.
  void Empty() { ::unlink(File(kFiller).c_str()); }

 private:
  static constexpr char kFiller[] = "filler";

  SmallDisk() = default;

  const TempDir directory_;
};

}  // namespace orch::testing
