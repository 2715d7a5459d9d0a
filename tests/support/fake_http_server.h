#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

#include "orchestrator/base/unique_fd.h"

namespace orch::testing {

// An HTTP server on a free port of 127.0.0.1 that serves one connection after the other, one
// request each. The destructor joins.
class FakeHttpServer {
 public:
  // Gets the first line of a request ("GET / HTTP/1.1") and returns all bytes of the answer. Runs
  // on the server's thread.
  using Handler = std::function<std::string(const std::string& request_line)>;

  explicit FakeHttpServer(Handler handler)
      : handler_(std::move(handler)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listener_.get(), 8), 0);
    EXPECT_EQ(::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Run(); });
  }
  ~FakeHttpServer() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
  }
  FakeHttpServer(const FakeHttpServer&) = delete;
  FakeHttpServer& operator=(const FakeHttpServer&) = delete;

  uint16_t port() const { return port_; }

  // A whole answer with `body`.
  static std::string Ok(const std::string& body) {
    return absl::StrCat("HTTP/1.1 200 OK\r\nContent-Length:", body.size(), "\r\n\r\n", body);
  }

 private:
  void Run() {
    while (true) {
      const UniqueFd connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!connection.valid()) return;
      std::string request;
      char buffer[4096];
      while (request.find("\r\n\r\n") == std::string::npos) {
        const ssize_t n = ::read(connection.get(), buffer, sizeof buffer);
        if (n <= 0) break;
        request.append(buffer, static_cast<size_t>(n));
      }
      // A client that gave up.
      if (request.find("\r\n\r\n") == std::string::npos) continue;
      const std::string answer = handler_(request.substr(0, request.find("\r\n")));
      for (size_t sent = 0; sent < answer.size();) {
        const ssize_t n =
            ::send(connection.get(), answer.data() + sent, answer.size() - sent, MSG_NOSIGNAL);
        if (n <= 0) break;
        sent += static_cast<size_t>(n);
      }
    }
  }

  const Handler handler_;
  const UniqueFd listener_;
  uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace orch::testing
