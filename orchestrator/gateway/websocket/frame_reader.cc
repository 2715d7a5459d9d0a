#include "orchestrator/gateway/websocket/frame_reader.h"

#include <utility>

#include "orchestrator/base/status_macros.h"

namespace orch::gateway {
namespace {

constexpr uint8_t kFinal = 0x80;
constexpr uint8_t kReserved = 0x70;
constexpr uint8_t kOpcode = 0x0f;
constexpr uint8_t kMasked = 0x80;
constexpr uint8_t kLength = 0x7f;
constexpr size_t kMaxControlBytes = 125;
constexpr size_t kMaskBytes = 4;

bool IsKnown(uint8_t opcode) { return opcode <= 2 || (opcode >= 8 && opcode <= 10); }
bool IsControl(Opcode opcode) { return static_cast<uint8_t>(opcode) >= 8; }

// The `size` bytes at `at`, most significant first.
uint64_t BigEndian(absl::string_view bytes, size_t at, size_t size) {
  uint64_t value = 0;
  for (size_t i = 0; i < size; ++i) value = value << 8 | static_cast<uint8_t>(bytes[at + i]);
  return value;
}

void AppendBigEndian(uint64_t value, int size, std::string& out) {
  for (int shift = (size - 1) * 8; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(value >> shift & 0xff));
  }
}

}  // namespace

absl::StatusOr<FrameReader::Frame> FrameReader::TakeFrame() {
  if (buffer_.size() < 2) return Frame();
  const auto first = static_cast<uint8_t>(buffer_[0]);
  const auto second = static_cast<uint8_t>(buffer_[1]);
  if ((first & kReserved) != 0 || !IsKnown(first & kOpcode)) {
    return absl::InvalidArgumentError("a frame of no kind that was agreed on");
  }
  if ((second & kMasked) == 0) return absl::InvalidArgumentError("a frame without a mask");
  Frame frame{.complete = false,
              .final = (first & kFinal) != 0,
              .opcode = static_cast<Opcode>(first & kOpcode),
              .payload = {}};
  uint64_t size = second & kLength;
  if (IsControl(frame.opcode) && (!frame.final || size > kMaxControlBytes)) {
    return absl::InvalidArgumentError("a control frame that is too long or in parts");
  }
  const size_t length_bytes = size == 126 ? 2 : size == 127 ? 8 : 0;
  const size_t payload_at = 2 + length_bytes + kMaskBytes;
  if (buffer_.size() < payload_at) return Frame();
  if (length_bytes > 0) size = BigEndian(buffer_, 2, length_bytes);
  if (size > max_message_bytes_ - (IsControl(frame.opcode) ? 0 : message_.payload.size())) {
    return absl::ResourceExhaustedError("a message that is too large");
  }
  if (buffer_.size() < payload_at + size) return Frame();
  frame.payload = buffer_.substr(payload_at, size);
  for (size_t i = 0; i < frame.payload.size(); ++i) {
    frame.payload[i] =
        static_cast<char>(frame.payload[i] ^ buffer_[payload_at - kMaskBytes + i % kMaskBytes]);
  }
  buffer_.erase(0, payload_at + size);
  frame.complete = true;
  return frame;
}

absl::StatusOr<FrameReader::Next> FrameReader::ReadNext() {
  while (true) {
    ORCH_ASSIGN_OR_RETURN(Frame frame, TakeFrame());
    if (!frame.complete) return Next();
    if (IsControl(frame.opcode)) {
      return Next{.complete = true,
                  .message = {.opcode = frame.opcode, .payload = std::move(frame.payload)}};
    }
    if (in_message_ != (frame.opcode == Opcode::kContinuation)) {
      return absl::InvalidArgumentError("a frame that does not continue its message");
    }
    if (!in_message_) message_.opcode = frame.opcode;
    message_.payload += frame.payload;
    in_message_ = !frame.final;
    if (frame.final) return Next{.complete = true, .message = std::exchange(message_, {})};
  }
}

std::string EncodeFrame(Opcode opcode, absl::string_view payload) {
  std::string frame(1, static_cast<char>(kFinal | static_cast<uint8_t>(opcode)));
  if (payload.size() < 126) {
    frame.push_back(static_cast<char>(payload.size()));
  } else if (payload.size() <= UINT16_MAX) {
    frame.push_back(126);
    AppendBigEndian(payload.size(), 2, frame);
  } else {
    frame.push_back(127);
    AppendBigEndian(payload.size(), 8, frame);
  }
  frame.append(payload.data(), payload.size());
  return frame;
}

std::string ClosePayload(uint16_t code, absl::string_view reason) {
  std::string payload;
  AppendBigEndian(code, 2, payload);
  payload.append(reason.data(), reason.size());
  return payload;
}

}  // namespace orch::gateway
