#pragma once

#include <cstdint>

#include "absl/time/time.h"

namespace orch {

// When to try again what failed: 1 s after the first failure, then 2 s, 4 s, ... up to 60 s. A
// value; pure but for what its methods change.
class Backoff {
 public:
  static constexpr absl::Duration kFirst = absl::Seconds(1);
  static constexpr absl::Duration kLongest = absl::Seconds(60);

  // An attempt that was begun at `began` failed. Attempts that ran side by side count as one for
  // the delay: only one begun after the delay began doubles it.
  void Failed(absl::Time began, absl::Time now);

  void Succeeded() { *this = Backoff(); }

  // The next attempt may come at once, as what failed has changed; what failed stays counted.
  void RetryNow(absl::Time now);

  // Failures since the last success.
  uint32_t failures() const { return failures_; }

  // Means nothing without failures.
  absl::Time retry_at() const { return retry_at_; }

 private:
  uint32_t failures_ = 0;
  absl::Duration delay_;
  absl::Time delay_began_ = absl::InfinitePast();
  absl::Time retry_at_ = absl::InfinitePast();
};

}  // namespace orch
