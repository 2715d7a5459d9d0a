#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace orch::agent {

// Small HTTP requests to a program that listens on 127.0.0.1, each on a connection of its own.
// Immutable, thread-safe.
class LoopbackHttp {
 public:
  // Of head and body together.
  static constexpr size_t kMaxAnswerBytes = 1024 * 1024;

  explicit LoopbackHttp(uint16_t port) : port_(port) {}

  // The body of the answer, which has to be a 200 with a Content-Length, or else end with its
  // connection. `method` and `target` are printable and have no blanks. Blocks for at most
  // `timeout`.
  //
  // UNAVAILABLE: nothing listens, or the connection ends early. DEADLINE_EXCEEDED.
  // FAILED_PRECONDITION: another status; the message has it. INTERNAL: what comes is not HTTP, or
  // too long.
  absl::StatusOr<std::string> Request(absl::string_view method, absl::string_view target,
                                      absl::Duration timeout) const;

 private:
  const uint16_t port_;
};

}  // namespace orch::agent
