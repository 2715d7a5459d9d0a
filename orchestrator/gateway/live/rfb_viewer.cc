#include "orchestrator/gateway/live/rfb_viewer.h"

#include <algorithm>
#include <cstdlib>

#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"

namespace orch::gateway {
namespace {

constexpr size_t kVersionBytes = 12;
constexpr char kNoPassword = 1;
constexpr char kShared = 1;
// There are some fifty.
constexpr size_t kMaxEncodings = 1024;
constexpr size_t kMaxFenceBytes = 64;

// Types of messages.
constexpr uint8_t kSetPixelFormat = 0;
constexpr uint8_t kSetEncodings = 2;
constexpr uint8_t kUpdateRequest = 3;
constexpr uint8_t kKey = 4;
constexpr uint8_t kPointer = 5;
constexpr uint8_t kCutText = 6;
constexpr uint8_t kContinuousUpdates = 150;
constexpr uint8_t kFence = 248;
constexpr uint8_t kPower = 250;
constexpr uint8_t kDesktopSize = 251;
constexpr uint8_t kQemu = 255;

uint8_t ByteAt(absl::string_view bytes, size_t at) { return static_cast<uint8_t>(bytes[at]); }

uint32_t NumberAt(absl::string_view bytes, size_t at, size_t size) {
  uint32_t number = 0;
  for (size_t i = 0; i < size; ++i) number = number << 8 | ByteAt(bytes, at + i);
  return number;
}

}  // namespace

absl::StatusOr<std::string> RfbViewer::Pass(absl::string_view bytes) {
  pending_.append(bytes.data(), bytes.size());
  absl::string_view rest = pending_;
  std::string passed;
  while (!rest.empty()) {
    if (skip_ > 0) {
      const size_t skipped = std::min<uint64_t>(skip_, rest.size());
      rest.remove_prefix(skipped);
      skip_ -= skipped;
      continue;
    }
    ORCH_ASSIGN_OR_RETURN(const std::optional<Message> message, Next(rest));
    if (!message.has_value()) break;
    if (!message->passes) {
      skip_ = message->size;
      continue;
    }
    if (rest.size() < message->size) break;
    passed += Take(rest.substr(0, message->size));
    rest.remove_prefix(message->size);
  }
  pending_.erase(0, pending_.size() - rest.size());
  return passed;
}

std::string RfbViewer::Take(absl::string_view message) {
  if (stage_ == Stage::kMessages) return std::string(message);
  const bool is_init = stage_ == Stage::kInit;
  stage_ = static_cast<Stage>(static_cast<int>(stage_) + 1);
  // Who is not shared with would end the connections of the others.
  return is_init ? std::string(1, kShared) : std::string(message);
}

absl::StatusOr<std::optional<RfbViewer::Message>> RfbViewer::Next(absl::string_view bytes) const {
  switch (stage_) {
    case Stage::kVersion:
      if (bytes.size() < kVersionBytes) return std::nullopt;
      if (const absl::string_view version = bytes.substr(0, kVersionBytes);
          version != "RFB 003.008\n" && version != "RFB 003.007\n") {
        return absl::InvalidArgumentError("a viewer must speak RFB 3.7 or 3.8");
      }
      return Message{.size = kVersionBytes, .passes = true};
    case Stage::kSecurity:
      if (bytes[0] != kNoPassword) {
        return absl::InvalidArgumentError("a viewer must choose the security type None");
      }
      return Message{.size = 1, .passes = true};
    case Stage::kInit:
      return Message{.size = 1, .passes = true};
    case Stage::kMessages:
      break;
  }
  return NextInSession(bytes);
}

absl::StatusOr<std::optional<RfbViewer::Message>> RfbViewer::NextInSession(
    absl::string_view bytes) {
  const uint8_t type = ByteAt(bytes, 0);
  switch (type) {
    case kSetPixelFormat:
      return Message{.size = 20, .passes = true};
    case kUpdateRequest:
    case kContinuousUpdates:
      return Message{.size = 10, .passes = true};
    case kKey:
      return Message{.size = 8};
    case kPointer:
      return Message{.size = 6};
    case kPower:
      return Message{.size = 4};
    case kSetEncodings: {
      if (bytes.size() < 4) return std::nullopt;
      const size_t count = NumberAt(bytes, 2, 2);
      if (count > kMaxEncodings) break;
      return Message{.size = 4 + 4 * count, .passes = true};
    }
    case kCutText: {
      if (bytes.size() < 8) return std::nullopt;
      // A negative length is that of the extended clipboard.
      const int64_t length = static_cast<int32_t>(NumberAt(bytes, 4, 4));
      return Message{.size = 8 + static_cast<size_t>(std::abs(length))};
    }
    case kFence: {
      if (bytes.size() < 9) return std::nullopt;
      const size_t length = ByteAt(bytes, 8);
      if (length > kMaxFenceBytes) break;
      return Message{.size = 9 + length, .passes = true};
    }
    case kDesktopSize:
      if (bytes.size() < 8) return std::nullopt;
      return Message{.size = 8 + size_t{16} * ByteAt(bytes, 6)};
    case kQemu:
      if (bytes.size() < 2) return std::nullopt;
      // A key with its scan code.
      if (ByteAt(bytes, 1) == 0) return Message{.size = 12};
      break;
    default:
      break;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("a viewer's message of type ", static_cast<int>(type), " is not known here"));
}

}  // namespace orch::gateway
