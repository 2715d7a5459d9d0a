#include "orchestrator/agent/playwright/runner_frames.h"

#include <cstdint>

#include "absl/strings/str_cat.h"

namespace orch::agent {
namespace {

constexpr size_t kSizeBytes = 4;
constexpr size_t kHeadBytes = 1 + kSizeBytes;
constexpr absl::string_view kKinds = "boernmspud";

uint32_t ReadSize(absl::string_view bytes) {
  uint32_t size = 0;
  for (size_t i = kSizeBytes; i > 0; --i) size = size << 8 | static_cast<uint8_t>(bytes[i - 1]);
  return size;
}

}  // namespace

absl::Status RunnerFrameParser::Feed(absl::string_view bytes, const OnFrame& on_frame) {
  pending_.append(bytes.data(), bytes.size());
  absl::string_view rest = pending_;
  while (rest.size() >= kHeadBytes) {
    const uint32_t size = ReadSize(rest.substr(1));
    if (kKinds.find(rest[0]) == absl::string_view::npos || size > kMaxPayloadBytes) {
      return absl::InvalidArgumentError("the script runner wrote something that is no frame");
    }
    if (rest.size() < kHeadBytes + size) break;
    on_frame(static_cast<RunnerFrame>(rest[0]), rest.substr(kHeadBytes, size));
    rest.remove_prefix(kHeadBytes + size);
  }
  pending_.erase(0, pending_.size() - rest.size());
  return absl::OkStatus();
}

std::string FrameScript(absl::string_view code) {
  std::string frame;
  for (size_t i = 0; i < kSizeBytes; ++i) frame += static_cast<char>(code.size() >> (8 * i) & 0xff);
  absl::StrAppend(&frame, code);
  return frame;
}

}  // namespace orch::agent
