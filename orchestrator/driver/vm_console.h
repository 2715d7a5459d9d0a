#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace orch {

// A part of what a machine wrote to its console. As hostile as the guest: escape before showing it.
struct ConsoleChunk {
  std::string bytes;
  // Where `bytes` begin. Not where was asked: the log was cut meanwhile, and this is the oldest
  // byte kept.
  uint64_t offset = 0;
  // Where the log ends now.
  uint64_t end = 0;
};

// One machine's console log, from its start to its end. It can be read for as long as this lives,
// also when the machine and its directory are gone. Thread-safe.
class VmConsole {
 public:
  virtual ~VmConsole() = default;

  // At most `max_bytes` from `offset` on; none when `offset` is the end. A log that grows too large
  // is cut while the machine writes, and begins anew at 0 with its oldest byte kept; it is seen to
  // have been cut while it is shorter than `offset`. Blocks on the disk. FAILED_PRECONDITION: what
  // is there is no console log. Else the errors of the system.
  virtual absl::StatusOr<ConsoleChunk> Read(uint64_t offset, size_t max_bytes) = 0;
};

}  // namespace orch
