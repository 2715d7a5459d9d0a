#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"

#include "orchestrator/model/browser.h"
#include "orchestrator/model/pool_id.h"

namespace orch {

// What a pool keeps ready.
struct PoolSpec {
  // [a-zA-Z0-9._-], 1..255 characters, unlike every other live pool's; empty: the pool has only its
  // id.
  std::string name;
  // Of every browser in it; resolved, see ResolveSpec.
  BrowserSpec browser;
  // Browsers, ready and acquired together. 1..kMaxPoolSize.
  uint32_t size = 0;
  // Percent of `size` that may be created per minute. 0: never refilled.
  uint32_t fill_rate_per_minute = kDefaultFillRatePerMinute;

  static constexpr uint32_t kMaxPoolSize = 10'000;
  static constexpr uint32_t kDefaultFillRatePerMinute = 25;
  // A pool of any size is full within 6 ms: "as fast as the host can".
  static constexpr uint32_t kMaxFillRatePerMinute = 1'000'000;

  friend bool operator==(const PoolSpec&, const PoolSpec&) = default;
};

// The record of one pool, as the store keeps it. A value.
struct Pool {
  PoolId id;
  PoolSpec spec;
  // Counts the changes of `spec.browser` and the updates that discarded what was idle: a browser
  // carries the one that it was made with.
  uint64_t generation = 1;
  // Browsers of an older generation are deleted as soon as nobody holds them: how a daemon that
  // ends before it has discarded them leaves that to the next one. At most `generation`.
  uint64_t discards_before = 1;
  absl::Time created_at;
  friend bool operator==(const Pool&, const Pool&) = default;
};

}  // namespace orch
