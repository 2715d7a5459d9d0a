#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace orch::agent {

// What a script runner writes; see
// images/chromium/files/usr/lib/orchestrator/playwright/runner.cjs.
enum class RunnerFrame : char {
  kBegun = 'b',
  kStdout = 'o',
  kStderr = 'e',
  kResult = 'r',
  kErrorName = 'n',
  kErrorMessage = 'm',
  kErrorStack = 's',
  kParseError = 'p',
  kUnreachable = 'u',
  kDone = 'd',
};

// Puts frames together from pieces of a byte stream. Not thread-safe.
class RunnerFrameParser {
 public:
  // Of a frame besides its head.
  static constexpr size_t kMaxPayloadBytes = size_t{2} << 20;

  using OnFrame = std::function<void(RunnerFrame kind, absl::string_view payload)>;

  // Calls `on_frame` for each frame that `bytes` complete. INVALID_ARGUMENT: they are no frames;
  // the parser is of no use any more.
  absl::Status Feed(absl::string_view bytes, const OnFrame& on_frame);

 private:
  std::string pending_;
};

// `code` as the runner reads it.
std::string FrameScript(absl::string_view code);

}  // namespace orch::agent
