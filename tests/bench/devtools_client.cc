#include "tests/bench/devtools_client.h"

#include <cstdint>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"

namespace orch::bench {
namespace {

// See RFC 6455 section 5.2. A client's frames are masked, here with zeros.
constexpr char kFinalText = '\x81';
constexpr uint8_t kMasked = 0x80;
constexpr size_t kShort = 125;
constexpr uint8_t kTwoBytes = 126;
constexpr uint8_t kEightBytes = 127;

uint64_t NumberAt(const std::string& bytes, size_t at, size_t size) {
  uint64_t number = 0;
  for (size_t i = 0; i < size; ++i) number = number << 8 | static_cast<uint8_t>(bytes[at + i]);
  return number;
}

}  // namespace

absl::StatusOr<DevToolsClient> DevToolsClient::Open(std::unique_ptr<BytePipe> pipe,
                                                    const std::string& target) {
  ORCH_RETURN_IF_ERROR(pipe->Write(
      absl::StrCat("GET ", target,
                   " HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                   "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                   "\r\n")));
  std::string rest;
  ORCH_ASSIGN_OR_RETURN(const HttpReply reply, ReadReply(*pipe, rest));
  if (!absl::StartsWith(reply.head, "HTTP/1.1 101")) {
    return absl::UnavailableError(absl::StrCat("no WebSocket: ", reply.head, reply.body));
  }
  return DevToolsClient(std::move(pipe), std::move(rest));
}

absl::Status DevToolsClient::Ask() {
  const std::string text =
      absl::StrCat(R"({"id":)", ++last_id_, R"(,"method":"Browser.getVersion"})");
  static_assert(sizeof R"({"id":2147483647,"method":"Browser.getVersion"})" <= kShort);
  const std::string size(1, static_cast<char>(kMasked | text.size()));
  ORCH_RETURN_IF_ERROR(
      pipe_->Write(absl::StrCat(std::string(1, kFinalText), size, std::string(4, '\0'), text)));
  const std::string wanted = absl::StrCat("\"id\":", last_id_, ",");
  while (true) {
    ORCH_ASSIGN_OR_RETURN(const std::string answer, ReadFrame());
    if (absl::StrContains(answer, wanted)) return absl::OkStatus();
  }
}

absl::Status DevToolsClient::Need(size_t bytes) {
  while (rest_.size() < bytes) {
    ORCH_ASSIGN_OR_RETURN(const std::string more, pipe_->Read());
    rest_ += more;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> DevToolsClient::ReadFrame() {
  ORCH_RETURN_IF_ERROR(Need(2));
  const uint64_t first = NumberAt(rest_, 1, 1);
  const size_t length_bytes = first == kTwoBytes ? 2 : first == kEightBytes ? 8 : 0;
  ORCH_RETURN_IF_ERROR(Need(2 + length_bytes));
  const uint64_t size = length_bytes == 0 ? first : NumberAt(rest_, 2, length_bytes);
  ORCH_RETURN_IF_ERROR(Need(2 + length_bytes + size));
  std::string payload = rest_.substr(2 + length_bytes, size);
  rest_.erase(0, 2 + length_bytes + size);
  return payload;
}

}  // namespace orch::bench
