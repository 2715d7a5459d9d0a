#include "tests/contract/transport/qemu_port.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <utility>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

#include "orchestrator/framing/socket_pair.h"

namespace orch::testing {
namespace {

// Writes all of `bytes` to a non-blocking socket, or as much as its other end takes before it goes
// away or `stop` becomes readable.
void WriteAll(int fd, int stop, absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count > 0) {
      bytes.remove_prefix(static_cast<size_t>(count));
      continue;
    }
    if (count < 0 && errno != EAGAIN) return;
    pollfd watched[2] = {{fd, POLLOUT, 0}, {stop, POLLIN, 0}};
    ::poll(watched, 2, -1);
    if (watched[1].revents != 0) return;
  }
}

}  // namespace

QemuPort::QemuPort(const std::string& socket_path)
    : listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)),
      stop_(::eventfd(0, EFD_CLOEXEC)) {
  auto pair = MakeSocketPair();
  port_ = std::move(pair->first);
  guest_end_ = std::move(pair->second);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  socket_path.copy(address.sun_path, sizeof address.sun_path - 1);
  // QEMU's queue, too, has one place.
  EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(::listen(listener_.get(), 1), 0);
  thread_ = std::thread([this] { Run(); });
}

QemuPort::~QemuPort() {
  ::eventfd_write(stop_.get(), 1);
  thread_.join();
}

void QemuPort::LeaveStaleBytes(std::string to_host, std::string to_guest) {
  stale_to_host_ = std::move(to_host);
  WriteAll(port_.get(), stop_.get(), to_guest);
}

void QemuPort::Run() {
  std::string buffer(65536, '\0');
  while (true) {
    pollfd watched[3] = {
        {listener_.get(), POLLIN, 0}, {port_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
    ::poll(watched, 3, -1);
    if (watched[2].revents != 0) return;
    if (watched[0].revents != 0) {
      const UniqueFd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      Serve(client.get());
    } else if (watched[1].revents != 0 &&
               ::recv(port_.get(), buffer.data(), buffer.size(), 0) == 0) {
      return;
    }
  }
}

void QemuPort::Serve(int client) {
  WriteAll(client, stop_.get(), std::exchange(stale_to_host_, ""));
  std::string buffer(65536, '\0');
  while (true) {
    pollfd watched[3] = {{client, POLLIN, 0}, {port_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
    ::poll(watched, 3, -1);
    if (watched[2].revents != 0) return;
    if (watched[0].revents != 0) {
      const ssize_t count = ::recv(client, buffer.data(), buffer.size(), 0);
      if (count <= 0) return;
      const size_t dropped = std::min<size_t>(drop_for_guest_, static_cast<size_t>(count));
      drop_for_guest_ -= dropped;
      WriteAll(port_.get(), stop_.get(),
               absl::string_view(buffer).substr(dropped, static_cast<size_t>(count) - dropped));
    }
    if (watched[1].revents != 0) {
      const ssize_t count = ::recv(port_.get(), buffer.data(), buffer.size(), 0);
      if (count <= 0) return;
      WriteAll(client, stop_.get(),
               absl::string_view(buffer).substr(0, static_cast<size_t>(count)));
    }
  }
}

}  // namespace orch::testing
