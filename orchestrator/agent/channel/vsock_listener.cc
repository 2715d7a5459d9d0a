#include "orchestrator/agent/channel/vsock_listener.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
// After sys/socket.h, which it needs.
#include <linux/vm_sockets.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

#include "orchestrator/base/log.h"

namespace orch::agent {
namespace {

constexpr int kBacklog = 16;
// The pause after accept(2) failed for want of descriptors or memory.
constexpr int kFailurePauseMilliseconds = 100;

}  // namespace

absl::StatusOr<std::unique_ptr<VsockListener>> VsockListener::Create(
    uint32_t port, std::function<void(UniqueFd)> on_connection) {
  // The driver alone makes /dev/vsock; only with a device of the machine's is there a CID.
  UniqueFd device(::open("/dev/vsock", O_RDONLY | O_CLOEXEC));
  unsigned int cid = VMADDR_CID_ANY;
  if (!device.valid() || ::ioctl(device.get(), IOCTL_VM_SOCKETS_GET_LOCAL_CID, &cid) != 0 ||
      cid <= VMADDR_CID_HOST || cid == VMADDR_CID_ANY) {
    return absl::FailedPreconditionError("this machine has no vsock device");
  }
  UniqueFd socket(::socket(AF_VSOCK, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return absl::ErrnoToStatus(errno, "cannot make a vsock socket");
  sockaddr_vm name{};
  name.svm_family = AF_VSOCK;
  name.svm_cid = VMADDR_CID_ANY;
  name.svm_port = port;
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot bind vsock port ", port));
  }
  if (::listen(socket.get(), kBacklog) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot listen on vsock port ", port));
  }
  UniqueFd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake.valid()) return absl::ErrnoToStatus(errno, "cannot make an eventfd");
  return std::unique_ptr<VsockListener>(
      new VsockListener(std::move(socket), std::move(wake), std::move(on_connection)));
}

VsockListener::VsockListener(UniqueFd socket, UniqueFd wake,
                             std::function<void(UniqueFd)> on_connection)
    : socket_(std::move(socket)),
      wake_(std::move(wake)),
      on_connection_(std::move(on_connection)),
      thread_([this] { Run(); }) {}

VsockListener::~VsockListener() {
  // Cannot fail: only 2^64 - 2 stops would make the counter block.
  [[maybe_unused]] const int written = ::eventfd_write(wake_.get(), 1);
  thread_.join();
}

void VsockListener::Run() {
  while (true) {
    pollfd watched[2] = {{socket_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}};
    if (::poll(watched, 2, -1) < 0) continue;
    if (watched[1].revents != 0) return;
    AcceptAll();
  }
}

void VsockListener::AcceptAll() {
  while (true) {
    sockaddr_vm peer{};
    socklen_t size = sizeof peer;
    UniqueFd fd(::accept4(socket_.get(), reinterpret_cast<sockaddr*>(&peer), &size,
                          SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd.valid()) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      if (errno == EAGAIN) return;
      Log(LogLevel::kError, "vsock_accept_failed", {{"error", std::strerror(errno)}});
      pollfd stop{wake_.get(), POLLIN, 0};
      ::poll(&stop, 1, kFailurePauseMilliseconds);
      return;
    }
    if (peer.svm_cid == VMADDR_CID_HOST) on_connection_(std::move(fd));
  }
}

}  // namespace orch::agent
