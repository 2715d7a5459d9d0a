#include "orchestrator/agent/lifecycle/disk_caches.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/str_cat.h"

#include "orchestrator/base/unique_fd.h"

namespace orch::agent {

absl::Status FlushDisksAndDropCaches(const std::string& drop_caches) {
  // Dirty pages cannot be dropped.
  ::sync();
  const UniqueFd file(::open(drop_caches.c_str(), O_WRONLY | O_CLOEXEC));
  // Pages, directory entries and inodes.
  if (!file.valid() || ::write(file.get(), "3", 1) != 1) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot write ", drop_caches));
  }
  return absl::OkStatus();
}

}  // namespace orch::agent
