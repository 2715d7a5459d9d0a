#pragma once

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <utility>

#include "gtest/gtest.h"

#include "orchestrator/base/unique_fd.h"

namespace orch::testing {

// A TCP connection to a port of 127.0.0.1 on which a test writes HTTP, right or wrong, byte for
// byte. Blocks; gives up on what does not come within a minute. Not thread-safe.
class RawHttp {
 public:
  // Sends `first` at once.
  explicit RawHttp(int port, const std::string& first = "")
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(port));
    EXPECT_EQ(::connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    Send(first);
  }

  void Send(const std::string& bytes) {
    for (size_t sent = 0; sent < bytes.size();) {
      const ssize_t n = ::send(fd_.get(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (n <= 0) return;
      sent += static_cast<size_t>(n);
    }
  }

  void HalfClose() { ::shutdown(fd_.get(), SHUT_WR); }

  // Everything up to the first `end`, and that; or up to the end of the connection.
  std::string ReadUntil(const std::string& end) {
    while (true) {
      if (const size_t found = received_.find(end); found != std::string::npos) {
        std::string taken = received_.substr(0, found + end.size());
        received_.erase(0, taken.size());
        return taken;
      }
      if (!Receive()) return std::exchange(received_, {});
    }
  }

  // One answer with a Content-Length, or without a body.
  std::string ReadResponse() {
    std::string response = ReadUntil("\r\n\r\n");
    const std::string key = "Content-Length: ";
    const size_t length = response.find(key);
    if (length == std::string::npos) return response;
    const size_t size = std::stoul(response.substr(length + key.size()));
    while (received_.size() < size && Receive()) {
    }
    response += received_.substr(0, size);
    received_.erase(0, size);
    return response;
  }

  std::string ReadToEnd() {
    while (Receive()) {
    }
    return std::exchange(received_, {});
  }

 private:
  // False at the end.
  bool Receive() {
    pollfd poll = {.fd = fd_.get(), .events = POLLIN, .revents = 0};
    if (::poll(&poll, 1, 60'000) != 1) {
      ADD_FAILURE() << "nothing came for a minute after: " << received_;
      return false;
    }
    char buffer[16 << 10];
    const ssize_t n = ::recv(fd_.get(), buffer, sizeof buffer, 0);
    if (n > 0) received_.append(buffer, static_cast<size_t>(n));
    return n > 0;
  }

  const UniqueFd fd_;
  std::string received_;
};

}  // namespace orch::testing
