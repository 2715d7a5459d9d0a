// Sends bytes to the HTTP gateway, over a real connection, or to what takes bodies and WebSockets
// apart. The first byte says which: 'h' HTTP, 'm' a form, 'w' what a WebSocket's client sends; the
// rest is that.
//
// The gateway's key is good for all, and no service is there but that of keys: a request gets as
// far as its fields do. Whatever comes, each answer is an HTTP response, none is 500, and the
// connection ends. What is taken apart byte by byte is the same as what is taken apart at once.
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "grpcpp/grpcpp.h"

#include "orchestrator/base/clock.h"
#include "orchestrator/base/grpc_runtime.h"
#include "orchestrator/base/log.h"
#include "orchestrator/base/unique_fd.h"
#include "orchestrator/gateway/gateway.h"
#include "orchestrator/gateway/http/multipart_reader.h"
#include "orchestrator/gateway/websocket/frame_reader.h"
#include "orchestrator/v1/keys.grpc.pb.h"

namespace orch::gateway {
namespace {

[[noreturn]] void Fail(absl::string_view what) {
  std::fprintf(stderr, "%.*s\n", static_cast<int>(what.size()), what.data());
  std::abort();
}

// In a network namespace of its own, as run_in_jail gives, a process has no loopback at first.
void RaiseLoopback() {
  const UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request = {};
  request.ifr_name[0] = 'l';
  request.ifr_name[1] = 'o';
  request.ifr_flags = IFF_UP;
  ::ioctl(fd.get(), SIOCSIFFLAGS, &request);
}

// False: errno says why not. The fuzzer's own alarm may come between: the connection is then made
// all the same, and waited for.
bool Connect(int fd, const sockaddr_in& address) {
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return true;
  if (errno != EINTR) return false;
  pollfd made = {.fd = fd, .events = POLLOUT, .revents = 0};
  if (TEMP_FAILURE_RETRY(::poll(&made, 1, -1)) != 1) return false;
  socklen_t size = sizeof errno;
  return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &errno, &size) == 0 && errno == 0;
}

// Every key is good.
class OpenKeys : public orchestrator::v1::KeyService::Service {
  grpc::Status CheckKey(grpc::ServerContext*, const orchestrator::v1::CheckKeyRequest*,
                        orchestrator::v1::Key* key) override {
    key->set_key_id("fuzz");
    return grpc::Status::OK;
  }
};

// A gateway for the whole run.
class OpenGateway {
 public:
  OpenGateway() {
    grpc::ServerBuilder builder;
    builder.RegisterService(&keys_);
    server_ = builder.BuildAndStart();
    auto gateway = Gateway::Start({.listen = "127.0.0.1:0",
                                   .tls = {},
                                   .url_secret = std::string(32, 's'),
                                   .novnc_dir = "/none",
                                   .limits = {.max_body_bytes = 1 << 12}},
                                  server_->InProcessChannel({}), clock_);
    if (!gateway.ok()) Fail(gateway.status().ToString());
    gateway_ = *std::move(gateway);
  }

  // All that comes back for `bytes`.
  std::string Roundtrip(absl::string_view bytes) {
    const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(gateway_->port()));
    if (!Connect(fd.get(), address)) {
      Fail(absl::StrCat("the gateway does not listen any more: ", std::strerror(errno)));
    }
    while (!bytes.empty()) {
      const ssize_t sent =
          TEMP_FAILURE_RETRY(::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL));
      if (sent <= 0) break;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    ::shutdown(fd.get(), SHUT_WR);
    std::string received;
    char buffer[4096];
    ssize_t size = 0;
    while ((size = TEMP_FAILURE_RETRY(::recv(fd.get(), buffer, sizeof buffer, 0))) > 0) {
      received.append(buffer, static_cast<size_t>(size));
    }
    return received;
  }

 private:
  const SystemClock clock_;
  OpenKeys keys_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<Gateway> gateway_;
};

void TryHttp(OpenGateway& gateway, absl::string_view bytes) {
  const std::string received = gateway.Roundtrip(bytes);
  if (received.empty()) return;
  if (!absl::StartsWith(received, "HTTP/1.1 ")) Fail("an answer that is no HTTP");
  // Bodies repeat what was sent, but no line ends.
  if (absl::StrContains(received, "HTTP/1.1 500 Internal Server Error\r\n")) Fail(received);
}

// What `reader` makes of `form`, fed `step` bytes at a time.
std::string ReadForm(absl::string_view form, size_t step) {
  MultipartReader reader = MultipartReader::Create("multipart/form-data; boundary=b").value();
  std::string parts;
  while (true) {
    const absl::StatusOr<MultipartReader::Event> event = reader.Next();
    if (!event.ok()) return "refused";
    switch (event->kind) {
      case MultipartReader::Event::kMore:
        if (form.empty()) reader.FeedEnd();
        reader.Feed(form.substr(0, step));
        form.remove_prefix(std::min(form.size(), step));
        break;
      case MultipartReader::Event::kPart:
        absl::StrAppend(&parts, "<", event->text, ">");
        break;
      case MultipartReader::Event::kData:
        if (event->text.empty()) Fail("a piece of nothing");
        parts += event->text;
        break;
      case MultipartReader::Event::kPartEnd:
        parts += "</>";
        break;
      case MultipartReader::Event::kDone:
        return parts;
    }
  }
}

std::string ReadFrames(absl::string_view bytes, size_t step) {
  FrameReader reader(1 << 12);
  std::string messages;
  while (true) {
    const absl::StatusOr<FrameReader::Next> next = reader.ReadNext();
    if (!next.ok()) return messages + "refused";
    if (next->complete) {
      if (next->message.payload.size() > 1 << 12) Fail("a message that is too large");
      absl::StrAppend(&messages, static_cast<int>(next->message.opcode), ":", next->message.payload,
                      ";");
    } else if (bytes.empty()) {
      return messages;
    } else {
      reader.Feed(bytes.substr(0, step));
      bytes.remove_prefix(std::min(bytes.size(), step));
    }
  }
}

void Try(OpenGateway& gateway, absl::string_view input) {
  if (input.empty()) return;
  const absl::string_view rest = input.substr(1);
  switch (input[0]) {
    case 'm':
      if (ReadForm(rest, 1) != ReadForm(rest, rest.size() + 1)) Fail("a form differs in pieces");
      return;
    case 'w':
      if (ReadFrames(rest, 1) != ReadFrames(rest, rest.size() + 1)) {
        Fail("frames differ in pieces");
      }
      return;
    default:
      return TryHttp(gateway, rest);
  }
}

}  // namespace
}  // namespace orch::gateway

// The gateway's threads run to the end of the program, with memory that they alone know. Leaks are
// looked for by the tests of the preset asan-ubsan.
extern "C" const char* __asan_default_options() { return "detect_leaks=0"; }

extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  orch::gateway::RaiseLoopback();
  orch::InitLogging(orch::LogLevel::kError);
  orch::KeepGrpcRunning();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // As long as the program: its threads are not joined at the end.
  static auto* const gateway = new orch::gateway::OpenGateway();
  orch::gateway::Try(*gateway, {reinterpret_cast<const char*>(data), size});
  return 0;
}
