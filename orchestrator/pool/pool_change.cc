#include "orchestrator/pool/pool_change.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

#include "orchestrator/model/pool_name.h"

namespace orch {

absl::Status CheckPoolSpec(const PoolSpec& spec) {
  if (!spec.name.empty() && !IsPoolName(spec.name)) {
    return absl::InvalidArgumentError("name must be 1..255 characters of [a-zA-Z0-9._-]");
  }
  if (spec.size < 1 || spec.size > PoolSpec::kMaxPoolSize) {
    return absl::InvalidArgumentError(
        absl::StrCat("size is ", spec.size, "; it must be 1..", PoolSpec::kMaxPoolSize));
  }
  if (spec.fill_rate_per_minute > PoolSpec::kMaxFillRatePerMinute) {
    return absl::InvalidArgumentError(absl::StrCat("fill_rate_per_minute is ",
                                                   spec.fill_rate_per_minute, "; it must be 0..",
                                                   PoolSpec::kMaxFillRatePerMinute, " percent"));
  }
  return absl::OkStatus();
}

Pool WithChange(Pool pool, const PoolChange& change) {
  const uint64_t old_generation = pool.generation;
  if (change.name.has_value()) pool.spec.name = *change.name;
  if (change.size.has_value()) pool.spec.size = *change.size;
  if (change.fill_rate_per_minute.has_value()) {
    pool.spec.fill_rate_per_minute = *change.fill_rate_per_minute;
  }
  if (change.browser.has_value() && *change.browser != pool.spec.browser) {
    pool.spec.browser = *change.browser;
    ++pool.generation;
  }
  if (change.discard_all_idle) {
    // Its browsers are told apart from those that are made from now on.
    if (pool.generation == old_generation) ++pool.generation;
    pool.discards_before = pool.generation;
  }
  return pool;
}

absl::Duration DefaultAcquireTimeout(const PoolSpec& spec) {
  if (spec.fill_rate_per_minute == 0) return kMaxAcquireTimeout;
  return std::clamp(absl::Minutes(100) / spec.fill_rate_per_minute, kMinDefaultAcquireTimeout,
                    kMaxAcquireTimeout);
}

}  // namespace orch
