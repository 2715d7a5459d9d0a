#include "orchestrator/transport/vsock/vsock_transport.h"

#include <poll.h>
#include <sys/socket.h>
// After sys/socket.h, which it needs.
#include <linux/vm_sockets.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"

#include "orchestrator/base/annotate.h"
#include "orchestrator/base/status_macros.h"

namespace orch {
namespace {

// How long until `deadline`, for poll(2): at least 0, at most a minute.
int PollMilliseconds(absl::Time deadline) {
  const absl::Duration left =
      std::clamp(deadline - absl::Now(), absl::ZeroDuration(), absl::Minutes(1));
  return static_cast<int>(absl::ToInt64Milliseconds(absl::Ceil(left, absl::Milliseconds(1))));
}

absl::Status AwaitConnected(int fd, absl::Time deadline) {
  pollfd watched{fd, POLLOUT, 0};
  for (int ready = 0; ready <= 0;) {
    ready = ::poll(&watched, 1, PollMilliseconds(deadline));
    if (ready < 0 && errno != EINTR) return absl::ErrnoToStatus(errno, "cannot poll");
    if (ready == 0 && absl::Now() >= deadline) {
      return absl::UnavailableError("the agent did not answer in time");
    }
  }
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  if (error == 0) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("vsock connect failed: ", std::strerror(error)));
}

}  // namespace

VsockTransport::VsockTransport(std::unique_ptr<VsockConnector> connector)
    : connector_(std::move(connector)) {}

absl::StatusOr<UniqueFd> VsockTransport::Connect(const GuestAddress& address, absl::Time deadline) {
  const auto* vsock = std::get_if<VsockAddress>(&address);
  if (vsock == nullptr) return absl::InvalidArgumentError("the address is not one of vsock");
  if (vsock->cid <= VMADDR_CID_HOST || vsock->cid == VMADDR_CID_ANY) {
    return absl::InvalidArgumentError(absl::StrCat("vsock cid ", vsock->cid, " is no guest's"));
  }
  const std::string context = absl::StrCat("vsock cid ", vsock->cid, " port ", vsock->port);
  absl::StatusOr<UniqueFd> fd = connector_->Begin(*vsock);
  if (!fd.ok()) return Annotate(fd.status(), context);
  if (absl::Status connected = AwaitConnected(fd->get(), deadline); !connected.ok()) {
    return Annotate(connected, context);
  }
  return fd;
}

}  // namespace orch
