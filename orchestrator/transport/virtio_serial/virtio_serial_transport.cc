#include "orchestrator/transport/virtio_serial/virtio_serial_transport.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"

#include "orchestrator/base/annotate.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/framing/socket_pair.h"

namespace orch {
namespace {

constexpr absl::Duration kResendInterval = absl::Milliseconds(100);
// How long to wait while QEMU has not yet taken the client before this one.
constexpr absl::Duration kBusyWait = absl::Milliseconds(2);

absl::StatusOr<sockaddr_un> SocketAddress(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    return absl::InvalidArgumentError(absl::StrCat("socket path '", path, "' must have 1..",
                                                   sizeof address.sun_path - 1, " bytes"));
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

// A socket connected to, or queued at, QEMU's.
absl::StatusOr<UniqueFd> ConnectToQemu(const std::string& path, absl::Time deadline) {
  ORCH_ASSIGN_OR_RETURN(const sockaddr_un address, SocketAddress(path));
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return absl::ErrnoToStatus(errno, "cannot make a socket");
  while (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    if (errno == EINTR) continue;
    // A unix socket answers EAGAIN when the listener's queue is full, and has no way to wait.
    if (errno != EAGAIN) {
      return absl::UnavailableError(
          absl::StrCat("cannot reach QEMU at '", path, "': ", std::strerror(errno)));
    }
    const absl::Time now = absl::Now();
    if (now >= deadline) {
      return absl::UnavailableError(absl::StrCat("QEMU does not take a client at '", path, "'"));
    }
    absl::SleepFor(std::min(kBusyWait, deadline - now));
  }
  return fd;
}

}  // namespace

VirtioSerialTransport::Pump::Pump(std::unique_ptr<HostLink> link)
    : link_(std::move(link)), thread_([this] { link_->Run(); }) {}

VirtioSerialTransport::Pump::~Pump() {
  link_->Stop();
  thread_.join();
}

VirtioSerialTransport::~VirtioSerialTransport() = default;

absl::StatusOr<UniqueFd> VirtioSerialTransport::Connect(const GuestAddress& address,
                                                        absl::Time deadline) {
  const auto* serial = std::get_if<VirtioSerialAddress>(&address);
  if (serial == nullptr) {
    return absl::InvalidArgumentError("the address is not that of a virtio-serial port");
  }
  RemovePumps(serial->socket_path);
  ORCH_ASSIGN_OR_RETURN(UniqueFd port, ConnectToQemu(serial->socket_path, deadline));
  ORCH_ASSIGN_OR_RETURN(auto pair, MakeSocketPair());
  ORCH_ASSIGN_OR_RETURN(std::unique_ptr<HostLink> link,
                        HostLink::Create(std::move(port), std::move(pair.first), kResendInterval));
  auto pump = std::make_shared<Pump>(std::move(link));
  // A Connect of the same path that came meanwhile loses its pump to this one.
  std::shared_ptr<Pump> former;
  {
    absl::MutexLock lock(&mutex_);
    former = std::exchange(pumps_[serial->socket_path], pump);
  }
  if (former) former->link().Stop();
  former.reset();
  const absl::Status accepted = pump->link().AwaitAccept(deadline);
  if (!accepted.ok()) {
    pump->link().Stop();
    return Annotate(accepted, serial->socket_path);
  }
  return std::move(pair.second);
}

void VirtioSerialTransport::RemovePumps(const std::string& socket_path) {
  std::vector<std::shared_ptr<Pump>> removed;
  {
    absl::MutexLock lock(&mutex_);
    for (auto it = pumps_.begin(); it != pumps_.end();) {
      if (it->first == socket_path || it->second->link().ended()) {
        removed.push_back(std::move(it->second));
        it = pumps_.erase(it);
      } else {
        ++it;
      }
    }
  }
  for (const std::shared_ptr<Pump>& pump : removed) pump->link().Stop();
}

}  // namespace orch
