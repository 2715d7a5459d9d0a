#pragma once

#include <cstdint>

#include "absl/status/status.h"

#include "guest/v1/process.pb.h"

namespace orch::ctl {

// Writes a guest process's output to our standard output and standard error, byte for byte and
// chunk by chunk, and keeps count of what is missing. A write blocks while its reader is slow, and
// so holds back the stream it comes from. Not thread-safe.
class OutputRelay {
 public:
  // ABORTED: the reader of our output has gone. INTERNAL: the chunk is of an unknown stream.
  absl::Status Write(const guest::v1::OutputChunk& chunk);

  void CountMissed(uint64_t bytes) { missed_bytes_ += bytes; }
  uint64_t missed_bytes() const { return missed_bytes_; }

 private:
  uint64_t missed_bytes_ = 0;
};

}  // namespace orch::ctl
