#pragma once

#include <string>

#include "absl/status/status.h"

namespace orch::agent {

// What a screen's programs paste, lent to the agent for the time of one call: it puts text there,
// presses the keys that paste, and waits for it to be taken. Not thread-safe.
class PasteBuffer {
 public:
  virtual ~PasteBuffer() = default;

  // Puts `text` there. UNAVAILABLE: the X server does not answer.
  virtual absl::Status Offer(const std::string& text) = 0;

  // Waits until a program has taken what was offered and asks no more. FAILED_PRECONDITION: nobody
  // takes it. CANCELLED: the call was.
  virtual absl::Status AwaitTaken() = 0;

  // Puts back what was there before the first Offer. Does nothing when somebody else has put
  // something there since, or nothing was offered.
  virtual absl::Status Restore() = 0;
};

}  // namespace orch::agent
