#include "orchestrator/transport/vsock/vsock_connector.h"

#include <sys/socket.h>
// After sys/socket.h, which it needs.
#include <linux/vm_sockets.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace orch {

absl::StatusOr<UniqueFd> KernelVsockConnector::Begin(const VsockAddress& address) {
  UniqueFd fd(::socket(AF_VSOCK, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return absl::ErrnoToStatus(errno, "cannot make a vsock socket");
  sockaddr_vm name{};
  name.svm_family = AF_VSOCK;
  name.svm_cid = address.cid;
  name.svm_port = address.port;
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0 &&
      errno != EINPROGRESS) {
    return absl::UnavailableError(absl::StrCat("vsock connect failed: ", std::strerror(errno)));
  }
  return fd;
}

}  // namespace orch
