#pragma once

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "nlohmann/json.hpp"
#include "orchestrator/gateway/gateway.h"
#include "tests/integration/gateway/guest_computer.h"
#include "tests/integration/gateway/guest_files.h"
#include "tests/integration/gateway/guest_records.h"
#include "tests/integration/gateway/guest_services.h"
#include "tests/integration/server/fake_daemon.h"
#include "tests/support/raw_http.h"

namespace orch::testing {

struct HttpAnswer {
  int status = 0;
  // Status line and headers.
  std::string head;
  std::string body;

  nlohmann::json Json() const { return nlohmann::json::parse(body, nullptr, false); }
  std::string Message() const { return Json().value("message", ""); }
};

// The gateway on the daemon's own server, over fake machines whose guests have processes and
// DevTools.
class GatewayTest : public ::testing::Test {
 protected:
  ~GatewayTest() override { gateway_->Shutdown(absl::Now()); }

  // One request on a connection of its own, with a good key unless `key` is another.
  HttpAnswer Ask(const std::string& method, const std::string& path, const std::string& body = "") {
    return Send(method, path, body, absl::StrCat("Authorization: Bearer ", key_.secret, "\r\n"));
  }

  HttpAnswer Send(const std::string& method, const std::string& path, const std::string& body,
                  const std::string& headers) {
    RawHttp client(gateway_->port());
    client.Send(absl::StrCat(method, " ", path,
                             " HTTP/1.1\r\nHost: gateway.test:80\r\nConnection: close\r\n", headers,
                             body.empty() ? "" : "Content-Type: application/json\r\n",
                             "Content-Length: ", body.size(), "\r\n\r\n", body));
    return ToAnswer(client.ReadToEnd());
  }

  static HttpAnswer ToAnswer(const std::string& received) {
    const size_t head_end = received.find("\r\n\r\n");
    HttpAnswer answer;
    if (received.size() < 12 || head_end == std::string::npos) return answer;
    answer.status = std::stoi(received.substr(9, 3));
    answer.head = received.substr(0, head_end + 2);
    answer.body = received.substr(head_end + 4);
    return answer;
  }

  // A connection that has asked for a WebSocket at `path`.
  RawHttp Connect(const std::string& path, const std::string& headers = "") {
    return RawHttp(gateway_->port(),
                   absl::StrCat("GET ", path,
                                " HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n"
                                "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
                                headers, "\r\n"));
  }

  // A frame as a client sends it, with a mask of zeros; of at most 125 bytes.
  static std::string Frame(int opcode, const std::string& payload) {
    return absl::StrCat(std::string(1, static_cast<char>(0x80 | opcode)),
                        std::string(1, static_cast<char>(0x80 | payload.size())),
                        std::string(4, '\0'), payload);
  }

  // A browser made through the gateway.
  nlohmann::json MakeBrowser(const std::string& body = "{}") {
    const HttpAnswer answer = Ask("POST", "/browsers", body);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return answer.Json();
  }
  std::string MakeId() { return MakeBrowser().value("session_id", ""); }

  GuestProcesses processes_;
  GuestDevTools devtools_;
  GuestComputer computer_;
  GuestFiles files_;
  GuestLogs logs_;
  GuestReplays replays_;
  GuestScripts scripts_;
  FakeDaemon daemon_{absl::Seconds(20),
                     0,
                     {&processes_, &devtools_, &files_, &computer_, &logs_, &replays_, &scripts_}};
  const ApiKeys::NewKey key_ = daemon_.keys().Create("test").value();
  const std::unique_ptr<gateway::Gateway> gateway_ =
      gateway::Gateway::Start({.listen = "127.0.0.1:0",
                               .tls = {},
                               .url_secret = std::string(32, 's'),
                               .novnc_dir = "/usr/share/novnc",
                               .limits = {}},
                              daemon_.server().InProcessChannel(), daemon_.clock())
          .value();
};

}  // namespace orch::testing
