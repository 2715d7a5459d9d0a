#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

#include "orchestrator/framing/frame.h"

namespace orch {

// Writes frames as records, see frame.h. Keeps a scratch buffer of one frame; not thread-safe.
class FrameEncoder {
 public:
  // Appends `frame` as one record. Its payload must not be longer than kMaxFramePayload.
  void Append(const Frame& frame, std::string& out);

 private:
  std::string body_;
};

// The payload of a WINDOW frame that gives back `bytes`.
std::string EncodeWindow(uint32_t bytes);

// The checksum that ends a frame's body.
uint32_t FrameChecksum(absl::string_view bytes);

}  // namespace orch
