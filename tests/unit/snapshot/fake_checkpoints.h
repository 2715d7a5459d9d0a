#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

#include "orchestrator/base/unique_fd.h"
#include "orchestrator/driver/vm_checkpoints.h"

namespace orch::testing {

// Saves what a test says; loads nothing. Not thread-safe but for saving while nothing is set.
class FakeCheckpoints : public VmCheckpoints {
 public:
  absl::StatusOr<std::string> devices = "the devices of a machine";
  std::string pages = "the pages of a machine";
  // Called in SavePages, after the file was written; its error is returned.
  std::function<absl::Status()> on_save_pages = [] { return absl::OkStatus(); };

  absl::StatusOr<std::string> SaveDevices(const VmId&) override { return devices; }

  absl::StatusOr<PageCount> SavePages(const VmId&, const std::string& path) override {
    const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!file.valid()) return absl::ErrnoToStatus(errno, absl::StrCat("cannot create ", path));
    size_t done = 0;
    while (done < pages.size()) {
      const ssize_t n = ::write(file.get(), pages.data() + done, pages.size() - done);
      if (n < 0) {
        const absl::Status status = absl::ErrnoToStatus(errno, absl::StrCat("cannot write ", path));
        ::unlink(path.c_str());
        return status;
      }
      done += static_cast<size_t>(n);
    }
    if (const absl::Status status = on_save_pages(); !status.ok()) return status;
    return PageCount{.changed_bytes = 4096, .file_bytes = pages.size()};
  }

  absl::Status LoadDevices(const VmId&, absl::string_view) override { return NotHere(); }
  absl::StatusOr<PageCount> LoadPages(const VmId&, const std::string&) override {
    return NotHere();
  }
  absl::Status ReplaceScratchDisk(const VmId&, const std::string&) override { return NotHere(); }

 private:
  static absl::Status NotHere() { return absl::UnimplementedError("this fake only saves"); }
};

}  // namespace orch::testing
