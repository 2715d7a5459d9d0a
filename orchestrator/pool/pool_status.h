#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"

#include "orchestrator/model/pool.h"

namespace orch {

// A place in the order in which pools are listed: newest first, ties by id.
struct PoolCursor {
  absl::Time created_at;
  PoolId id;
};

// One pool as clients see it. A value.
struct PoolStatus {
  Pool pool;
  // Can be acquired at once.
  size_t available = 0;
  // Clients hold them; sleeping ones, and those on the way out or back, too.
  size_t acquired = 0;
  // Are being made.
  size_t pending = 0;
  // Acquire calls that wait.
  size_t waiting = 0;
  // Of creations, since the last success.
  uint32_t consecutive_failures = 0;
  // Of the last creation; empty after a success. At most kMaxErrorBytes of ASCII.
  std::string last_error;
  std::optional<absl::Time> last_error_at;
  // Why the pool is not being filled; empty when it is, or is full.
  std::string held_back_by;

  // Errors end with guests' console lines; an answer's message must fit into a gRPC header (8 KiB).
  static constexpr size_t kMaxErrorBytes = 1024;

  friend bool operator==(const PoolStatus&, const PoolStatus&) = default;
};

}  // namespace orch
