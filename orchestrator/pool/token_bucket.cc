#include "orchestrator/pool/token_bucket.h"

#include <algorithm>
#include <cmath>

namespace orch {
namespace {

// What sums of fractions may be short of a whole one.
constexpr double kRounding = 1e-6;

double PerSecond(uint32_t size, uint32_t percent_per_minute) {
  return static_cast<double>(size) * percent_per_minute / 100.0 / 60.0;
}

double Capacity(uint32_t size, double per_second) {
  if (per_second == 0.0) return 0.0;
  return std::max(1.0, std::min(per_second * 60.0, static_cast<double>(size)));
}

}  // namespace

TokenBucket::TokenBucket(uint32_t size, uint32_t percent_per_minute, absl::Time now)
    : per_second_(PerSecond(size, percent_per_minute)),
      capacity_(Capacity(size, per_second_)),
      tokens_(std::min(1.0, capacity_)),
      settled_at_(now) {}

double TokenBucket::TokensAt(absl::Time now) const {
  const double elapsed = std::max(0.0, absl::ToDoubleSeconds(now - settled_at_));
  return std::min(capacity_, tokens_ + elapsed * per_second_);
}

void TokenBucket::Settle(absl::Time now) {
  tokens_ = TokensAt(now);
  settled_at_ = now;
}

uint64_t TokenBucket::Available(absl::Time now) const {
  return static_cast<uint64_t>(std::floor(TokensAt(now) + kRounding));
}

void TokenBucket::Take(uint64_t count, absl::Time now) {
  Settle(now);
  tokens_ = std::max(0.0, tokens_ - static_cast<double>(count));
}

void TokenBucket::GiveBack(absl::Time now) {
  Settle(now);
  tokens_ = std::min(capacity_, tokens_ + 1.0);
}

void TokenBucket::Reconfigure(uint32_t size, uint32_t percent_per_minute, absl::Time now) {
  if (per_second_ == 0.0) {
    *this = TokenBucket(size, percent_per_minute, now);
    return;
  }
  Settle(now);
  per_second_ = PerSecond(size, percent_per_minute);
  capacity_ = Capacity(size, per_second_);
  tokens_ = std::min(tokens_, capacity_);
}

absl::Time TokenBucket::WhenAvailable(uint64_t count, absl::Time now) const {
  const double lacking = static_cast<double>(count) - kRounding / 2 - TokensAt(now);
  if (lacking <= 0.0) return now;
  if (per_second_ == 0.0) return absl::InfiniteFuture();
  // Times are rounded down.
  return now + absl::Seconds(lacking / per_second_) + absl::Nanoseconds(1);
}

}  // namespace orch
