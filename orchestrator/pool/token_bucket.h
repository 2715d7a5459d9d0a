#pragma once

#include <cstdint>

#include "absl/time/time.h"

namespace orch {

// How many browsers a pool may create by now: `percent` of `size` per minute, continuously, so that
// fractions count. A value; pure but for what its methods change.
//
// It holds at most one minute's worth, so that a pool that was full for a day still refills at its
// rate and not all at once, and never more than `size`, which is all that a pool can miss; but at
// least 1, or small and slow pools would never get a whole token. It starts with 1 so that a new
// pool begins at once. At 0 percent it is empty for ever.
//
// A clock that steps back gives no tokens and takes none.
class TokenBucket {
 public:
  TokenBucket(uint32_t size, uint32_t percent_per_minute, absl::Time now);

  // Whole tokens.
  uint64_t Available(absl::Time now) const;

  // Takes up to `count` whole tokens; the caller has seen that they are there.
  void Take(uint64_t count, absl::Time now);

  // Gives one back; what is beyond the capacity is lost.
  void GiveBack(absl::Time now);

  // What was gathered is kept up to the new capacity. From 0 percent it starts anew, with 1.
  void Reconfigure(uint32_t size, uint32_t percent_per_minute, absl::Time now);

  // When there will be `count` whole tokens, or would be if the bucket were large enough: `now` or
  // later; never at 0 percent.
  absl::Time WhenAvailable(uint64_t count, absl::Time now) const;

  double per_second() const { return per_second_; }

 private:
  double TokensAt(absl::Time now) const;
  void Settle(absl::Time now);

  double per_second_;
  double capacity_;
  double tokens_;
  absl::Time settled_at_;
};

}  // namespace orch
