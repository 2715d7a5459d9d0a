#include "orchestrator/agent/lifecycle/loopback_http.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "orchestrator/agent/loop/monotonic_time.h"
#include "orchestrator/base/quoted.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/base/unique_fd.h"

namespace orch::agent {
namespace {

constexpr absl::string_view kHeadEnd = "\r\n\r\n";

// Waits until `events` hold for the socket. `deadline` is a BootTime().
absl::Status Await(const UniqueFd& socket, short events, absl::Duration deadline) {
  while (true) {
    const absl::Duration left = deadline - BootTime();
    if (left <= absl::ZeroDuration()) return absl::DeadlineExceededError("no answer in time");
    pollfd watched{socket.get(), events, 0};
    const int ready = ::poll(&watched, 1, static_cast<int>(absl::ToInt64Milliseconds(left) + 1));
    if (ready > 0) return absl::OkStatus();
    if (ready < 0 && errno != EINTR) return absl::ErrnoToStatus(errno, "cannot poll");
  }
}

absl::StatusOr<UniqueFd> Connect(uint16_t port, absl::Duration deadline) {
  UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return absl::ErrnoToStatus(errno, "cannot create a socket");
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int error = 0;
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    error = errno;
  }
  if (error == EINPROGRESS) {
    ORCH_RETURN_IF_ERROR(Await(socket, POLLOUT, deadline));
    socklen_t size = sizeof error;
    ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  }
  if (error != 0) {
    return absl::UnavailableError(absl::StrCat("cannot connect: ", std::strerror(error)));
  }
  return socket;
}

absl::Status Send(const UniqueFd& socket, absl::string_view bytes, absl::Duration deadline) {
  while (!bytes.empty()) {
    ORCH_RETURN_IF_ERROR(Await(socket, POLLOUT, deadline));
    const ssize_t n = ::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
      return absl::UnavailableError(absl::StrCat("cannot send: ", std::strerror(errno)));
    }
    if (n > 0) bytes.remove_prefix(static_cast<size_t>(n));
  }
  return absl::OkStatus();
}

// Appends what has come; false at the end of the connection.
absl::StatusOr<bool> Receive(const UniqueFd& socket, absl::Duration deadline, std::string& answer) {
  while (true) {
    ORCH_RETURN_IF_ERROR(Await(socket, POLLIN, deadline));
    char buffer[16384];
    const ssize_t n = ::read(socket.get(), buffer, sizeof buffer);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (n < 0) return absl::UnavailableError(absl::StrCat("cannot read: ", std::strerror(errno)));
    if (answer.size() + static_cast<size_t>(n) > LoopbackHttp::kMaxAnswerBytes) {
      return absl::InternalError(
          absl::StrCat("answered with more than ", LoopbackHttp::kMaxAnswerBytes, " bytes"));
    }
    answer.append(buffer, static_cast<size_t>(n));
    return n > 0;
  }
}

struct Head {
  std::optional<size_t> content_length;
};

absl::StatusOr<Head> ParseHead(absl::string_view text) {
  Head head;
  bool status_line = true;
  for (const absl::string_view line : absl::StrSplit(text, "\r\n")) {
    if (status_line) {
      status_line = false;
      const std::vector<absl::string_view> words = absl::StrSplit(line, absl::MaxSplits(' ', 2));
      if (words.size() < 2 || !absl::StartsWith(words[0], "HTTP/1.")) {
        return absl::InternalError(absl::StrCat("answered ", Quoted(line), ", which is not HTTP"));
      }
      if (words[1] != "200") {
        return absl::FailedPreconditionError(absl::StrCat("answered ", Quoted(line)));
      }
      continue;
    }
    const std::pair<absl::string_view, absl::string_view> field =
        absl::StrSplit(line, absl::MaxSplits(':', 1));
    if (!absl::EqualsIgnoreCase(field.first, "content-length")) continue;
    size_t length = 0;
    if (!absl::SimpleAtoi(absl::StripAsciiWhitespace(field.second), &length)) {
      return absl::InternalError(absl::StrCat("answered with the header ", Quoted(line)));
    }
    head.content_length = length;
  }
  return head;
}

absl::StatusOr<std::string> Exchange(uint16_t port, absl::string_view request,
                                     absl::Duration deadline) {
  ORCH_ASSIGN_OR_RETURN(const UniqueFd socket, Connect(port, deadline));
  ORCH_RETURN_IF_ERROR(Send(socket, request, deadline));
  std::string answer;
  size_t head_end = std::string::npos;
  bool open = true;
  while (open && head_end == std::string::npos) {
    ORCH_ASSIGN_OR_RETURN(open, Receive(socket, deadline, answer));
    head_end = answer.find(kHeadEnd.data(), 0, kHeadEnd.size());
  }
  if (head_end == std::string::npos) {
    return absl::UnavailableError("closed the connection before it answered");
  }
  ORCH_ASSIGN_OR_RETURN(const Head head, ParseHead(absl::string_view(answer).substr(0, head_end)));
  const size_t body = head_end + kHeadEnd.size();
  const size_t wanted = head.content_length.value_or(std::string::npos);
  while (open && answer.size() - body < wanted) {
    ORCH_ASSIGN_OR_RETURN(open, Receive(socket, deadline, answer));
  }
  if (head.content_length.has_value() && answer.size() - body < wanted) {
    return absl::UnavailableError("closed the connection within its answer");
  }
  return answer.substr(body, wanted);
}

}  // namespace

absl::StatusOr<std::string> LoopbackHttp::Request(absl::string_view method,
                                                  absl::string_view target,
                                                  absl::Duration timeout) const {
  const std::string request = absl::StrCat(
      method, " ", target, " HTTP/1.1\r\nHost: 127.0.0.1:", port_, "\r\nConnection: close\r\n\r\n");
  absl::StatusOr<std::string> body = Exchange(port_, request, BootTime() + timeout);
  if (body.ok()) return body;
  return absl::Status(body.status().code(), absl::StrCat(method, " http://127.0.0.1:", port_,
                                                         target, ": ", body.status().message()));
}

}  // namespace orch::agent
