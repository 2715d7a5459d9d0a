#include "orchestrator/orchctl/tunnel/forwarder.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"

namespace orch::ctl {
namespace {

constexpr int kBacklog = 128;

sockaddr_in Loopback(uint16_t port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Forwarder>> Forwarder::Listen(uint16_t local_port, Guest guest,
                                                             OnError on_error) {
  const std::string what = absl::StrCat("cannot listen on 127.0.0.1:", local_port);
  UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener.valid()) return absl::ErrnoToStatus(errno, what);
  const int on = 1;
  ::setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in address = Loopback(local_port);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener.get(), generic, size) != 0 || ::listen(listener.get(), kBacklog) != 0 ||
      ::getsockname(listener.get(), generic, &size) != 0) {
    return absl::ErrnoToStatus(errno, what);
  }
  UniqueFd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake.valid()) return absl::ErrnoToStatus(errno, "cannot make an eventfd");
  return absl::WrapUnique(new Forwarder(std::move(listener), std::move(wake),
                                        ntohs(address.sin_port), std::move(guest),
                                        std::move(on_error)));
}

Forwarder::Forwarder(UniqueFd listener, UniqueFd wake, uint16_t local_port, Guest guest,
                     OnError on_error)
    : listener_(std::move(listener)),
      wake_(std::move(wake)),
      local_port_(local_port),
      guest_(std::move(guest)),
      on_error_(std::move(on_error)) {}

absl::Status Forwarder::Run() {
  absl::Status status;
  while (status.ok() && !stopping_) {
    const bool full = served_.size() >= kMaxConnections;
    pollfd ready[] = {{.fd = wake_.get(), .events = POLLIN},
                      {.fd = full ? -1 : listener_.get(), .events = POLLIN}};
    if (::poll(ready, 2, -1) < 0 && errno != EINTR) {
      status = absl::ErrnoToStatus(errno, "cannot wait for connections");
    }
    if (ready[0].revents != 0) {
      eventfd_t count = 0;
      ::eventfd_read(wake_.get(), &count);
      Reap(/*all=*/false);
    }
    if (status.ok() && ready[1].revents != 0) status = AcceptOne();
  }
  Reap(/*all=*/true);
  return status;
}

absl::Status Forwarder::AcceptOne() {
  UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!socket.valid()) {
    // The client has gone again, or there is none after all.
    if (errno == EAGAIN || errno == ECONNABORTED || errno == EINTR) return absl::OkStatus();
    return absl::ErrnoToStatus(errno, "cannot accept a connection");
  }
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  served_.push_back(std::make_unique<Served>());
  Served& served = *served_.back();
  served.connection = std::make_unique<TunnelConnection>(guest_.stub, guest_.session_id,
                                                         guest_.port, std::move(socket));
  served.thread = std::thread([this, &served] { Serve(served); });
  return absl::OkStatus();
}

void Forwarder::Serve(Served& served) {
  const absl::Status status = served.connection->Run();
  if (!status.ok() && !absl::IsCancelled(status)) on_error_(status);
  served.done = true;
  ::eventfd_write(wake_.get(), 1);
}

void Forwarder::Reap(bool all) {
  if (all) {
    for (const std::unique_ptr<Served>& served : served_) served->connection->Cancel();
  }
  std::erase_if(served_, [all](const std::unique_ptr<Served>& served) {
    if (!all && !served->done) return false;
    served->thread.join();
    return true;
  });
}

void Forwarder::Stop() {
  stopping_ = true;
  ::eventfd_write(wake_.get(), 1);
}

}  // namespace orch::ctl
