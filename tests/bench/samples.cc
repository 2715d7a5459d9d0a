#include "tests/bench/samples.h"

#include <algorithm>

namespace orch::bench {

double Samples::Quantile(double quantile) const {
  if (values_.empty()) return 0;
  std::vector<double> sorted = values_;
  std::sort(sorted.begin(), sorted.end());
  const size_t index = static_cast<size_t>(quantile * static_cast<double>(sorted.size()));
  return sorted[std::min(index, sorted.size() - 1)];
}

}  // namespace orch::bench
