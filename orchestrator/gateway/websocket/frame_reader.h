#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace orch::gateway {

// What a frame carries; RFC 6455 section 5.2.
enum class Opcode : uint8_t {
  kContinuation = 0,
  kText = 1,
  kBinary = 2,
  kClose = 8,
  kPing = 9,
  kPong = 10,
};

// A whole message, or a control frame. A value.
struct WebSocketMessage {
  Opcode opcode = Opcode::kText;
  std::string payload;
};

// Takes what a WebSocket client sends apart into messages. Not thread-safe.
class FrameReader {
 public:
  // Messages have at most `max_message_bytes`.
  explicit FrameReader(size_t max_message_bytes) : max_message_bytes_(max_message_bytes) {}

  void Feed(absl::string_view bytes) { buffer_.append(bytes.data(), bytes.size()); }

  // The next message or control frame; with `complete` false, there is none until more is fed.
  // INVALID_ARGUMENT: the client breaks the protocol (close with 1002). RESOURCE_EXHAUSTED: a
  // message is too large (close with 1009). The same from then on.
  struct Next {
    bool complete = false;
    WebSocketMessage message;
  };
  absl::StatusOr<Next> ReadNext();

 private:
  // One frame; with its end, or nothing is taken.
  struct Frame {
    bool complete = false;
    bool final = false;
    Opcode opcode = Opcode::kText;
    std::string payload;
  };
  absl::StatusOr<Frame> TakeFrame();

  const size_t max_message_bytes_;
  std::string buffer_;
  // Of a message whose last frame has not come.
  bool in_message_ = false;
  WebSocketMessage message_;
};

// A whole message, or a control frame, as a server sends it.
std::string EncodeFrame(Opcode opcode, absl::string_view payload);

// Payload of a kClose frame. `reason` has at most 123 bytes.
std::string ClosePayload(uint16_t code, absl::string_view reason);

}  // namespace orch::gateway
