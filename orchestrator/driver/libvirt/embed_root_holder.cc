#include "orchestrator/driver/libvirt/embed_root_holder.h"

#include <fcntl.h>

#include "orchestrator/base/unique_fd.h"

namespace orch {

std::optional<pid_t> FindEmbedRootHolder(const std::string& root) {
  // libvirt locks this file with fcntl() for as long as its QEMU driver runs.
  const UniqueFd fd(::open((root + "/run/qemu/driver.pid").c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return std::nullopt;
  struct flock lock = {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  // The kernel says 0 for a holder in another PID namespace.
  if (::fcntl(fd.get(), F_GETLK, &lock) != 0 || lock.l_type == F_UNLCK || lock.l_pid <= 0) {
    return std::nullopt;
  }
  return lock.l_pid;
}

}  // namespace orch
