#include "orchestrator/driver/libvirt/embed_root_holder.h"

#include <fcntl.h>

#include "orchestrator/base/unique_fd.h"

namespace orch {

namespace {

// The process that holds the lock, 0 for one in another PID namespace; nothing when there is none.
std::optional<pid_t> LockHolder(const std::string& root) {
  // libvirt locks this file with fcntl() for as long as its QEMU driver runs.
  const UniqueFd fd(::open((root + "/run/qemu/driver.pid").c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return std::nullopt;
  struct flock lock = {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  if (::fcntl(fd.get(), F_GETLK, &lock) != 0 || lock.l_type == F_UNLCK) return std::nullopt;
  return lock.l_pid;
}

}  // namespace

std::optional<pid_t> FindEmbedRootHolder(const std::string& root) {
  const std::optional<pid_t> holder = LockHolder(root);
  return holder.value_or(0) > 0 ? holder : std::nullopt;
}

bool IsEmbedRootHeld(const std::string& root) { return LockHolder(root).has_value(); }

}  // namespace orch
