#pragma once

#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "orchestrator/framing/frame.h"

namespace orch {

// Finds the frames in a byte stream that may hold anything, see frame.h. Its input is hostile: it
// holds at most one record of the greatest size, whatever comes. Not thread-safe.
class FrameDecoder {
 public:
  // Calls `sink` for each whole frame that `bytes` completes, in order. A frame and its payload are
  // valid during the call only; `sink` must not use the decoder. Payloads have the size that their
  // type asks for.
  void Feed(absl::string_view bytes, absl::FunctionRef<void(const Frame&)> sink);

  // How many records were skipped because they were not frames.
  uint64_t skipped_records() const { return skipped_records_; }

 private:
  // Keeps `bytes` of a record whose end is still to come.
  void Keep(absl::string_view bytes);
  void EndRecord(absl::string_view last_bytes, absl::FunctionRef<void(const Frame&)> sink);
  void DecodeRecord(absl::string_view stuffed, absl::FunctionRef<void(const Frame&)> sink);

  std::string record_;          // the current record so far
  bool too_long_ = false;       // ... is skipped up to its end
  bool half_sentinel_ = false;  // the last byte fed was 0xFE and is not in record_ (yet)
  std::string body_;
  uint64_t skipped_records_ = 0;
};

// The frame in a record's body; refers to `body`. DATA_LOSS: garbled, or of a version or type that
// this end does not know.
absl::StatusOr<Frame> ParseFrame(absl::string_view body);

// The number in a WINDOW frame's payload, which must have four bytes.
uint32_t DecodeWindow(absl::string_view payload);

}  // namespace orch
