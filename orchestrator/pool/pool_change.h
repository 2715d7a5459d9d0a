#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "orchestrator/model/pool.h"

namespace orch {

// What an update changes; what is absent stays as it is.
struct PoolChange {
  std::optional<std::string> name;
  std::optional<uint32_t> size;
  std::optional<uint32_t> fill_rate_per_minute;
  // Resolved, see ResolveSpec.
  std::optional<BrowserSpec> browser;
  // Delete the idle browsers and build anew.
  bool discard_all_idle = false;
};

// How long an Acquire call may wait.
inline constexpr absl::Duration kMaxAcquireTimeout = absl::Hours(1);

// A call that does not say how long waits at least as long as a browser may take to start, however
// fast its pool may fill.
inline constexpr absl::Duration kMinDefaultAcquireTimeout = absl::Seconds(30);

// Checks all of a pool's spec but its browsers. INVALID_ARGUMENT names the field and its limit.
// Pure.
absl::Status CheckPoolSpec(const PoolSpec& spec);

// `pool` with `change` made; the generation grows when its browsers become others, or the idle ones
// are to be made anew. Pure.
Pool WithChange(Pool pool, const PoolChange& change);

// How long an Acquire call waits that does not say: the time in which the fill rate fills the whole
// pool, within the two limits above.
absl::Duration DefaultAcquireTimeout(const PoolSpec& spec);

}  // namespace orch
