#include "orchestrator/pool/backoff.h"

#include <algorithm>

namespace orch {

void Backoff::Failed(absl::Time began, absl::Time now) {
  ++failures_;
  if (began < delay_began_) return;
  delay_ = delay_ == absl::ZeroDuration() ? kFirst : std::min(kLongest, delay_ * 2);
  delay_began_ = now;
  retry_at_ = now + delay_;
}

void Backoff::RetryNow(absl::Time now) {
  delay_ = absl::ZeroDuration();
  retry_at_ = now;
}

}  // namespace orch
