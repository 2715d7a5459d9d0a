#include "orchestrator/metrics/code_histogram.h"

#include <algorithm>
#include <string>
#include <utility>

namespace orch {
namespace {

// Neither an infinite duration nor a clock that was set back may spoil a sum for ever.
double ToSeconds(absl::Duration duration) {
  return absl::ToDoubleSeconds(std::clamp(duration, absl::ZeroDuration(), absl::Hours(365 * 24)));
}

}  // namespace

CodeHistogram::CodeHistogram(Family& family, prometheus::Labels labels, const Bounds& bounds)
    : family_(family), labels_(std::move(labels)), bounds_(bounds) {}

void CodeHistogram::Observe(absl::StatusCode code, absl::Duration duration) {
  Get(code).Observe(ToSeconds(duration));
}

prometheus::Histogram& CodeHistogram::Get(absl::StatusCode code) {
  const auto number = static_cast<size_t>(code);
  const size_t index = number < kCodes ? number : static_cast<size_t>(absl::StatusCode::kUnknown);
  if (prometheus::Histogram* known = by_code_[index].load(std::memory_order_acquire)) return *known;
  prometheus::Labels labels = labels_;
  labels["code"] = absl::StatusCodeToString(static_cast<absl::StatusCode>(index));
  // Whoever comes second gets what the first has made.
  prometheus::Histogram& made = family_.Add(labels, bounds_);
  by_code_[index].store(&made, std::memory_order_release);
  return made;
}

void CodeHistogram::Remove() {
  for (std::atomic<prometheus::Histogram*>& histogram : by_code_) {
    if (prometheus::Histogram* made = histogram.exchange(nullptr)) family_.Remove(made);
  }
}

}  // namespace orch
