#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "orchestrator/model/vm_id.h"

namespace orch {

// Gives each virtual machine one directory that holds every file of its own: scratch disk, sockets,
// console log. To remove the directory is to remove all of it. Thread-safe for different ids.
class VmDirectories {
 public:
  // `root` must exist. Virtual machines run as `uid` and `gid`, who own the directories (mode
  // 0700).
  VmDirectories(std::string root, uid_t uid, gid_t gid)
      : root_(std::move(root)), uid_(uid), gid_(gid) {}

  // Makes the directory of `id`, still this process's own, and returns its path. ALREADY_EXISTS
  // when there is one.
  absl::StatusOr<std::string> Create(const VmId& id);

  // Lets the virtual machine's user own the directory and what is in it. The last step before the
  // machine starts: what root does in a directory of somebody else's could be led astray by links.
  absl::Status GiveAway(const VmId& id) const;

  std::string PathOf(const VmId& id) const;

  // OK when there is none.
  absl::Status Remove(const VmId& id);

  // Every id that has a directory.
  absl::StatusOr<std::vector<VmId>> List() const;

 private:
  const std::string root_;
  const uid_t uid_;
  const gid_t gid_;
};

}  // namespace orch
