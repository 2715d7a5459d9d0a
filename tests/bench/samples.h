#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace orch::bench {

// What was measured, again and again, of one thing. Not thread-safe.
class Samples {
 public:
  void Add(double value) { values_.push_back(value); }

  void Append(const Samples& other) {
    values_.insert(values_.end(), other.values_.begin(), other.values_.end());
  }

  // Adds how many milliseconds `call` takes, and returns what it returns.
  template <typename Call>
  auto Time(Call&& call) {
    const absl::Time began = absl::Now();
    auto result = std::forward<Call>(call)();
    Add(absl::ToDoubleMilliseconds(absl::Now() - began));
    return result;
  }

  // The latest; there must be one.
  double last() const { return values_.back(); }
  size_t count() const { return values_.size(); }
  // 0 when there are none.
  double Quantile(double quantile) const;
  double p50() const { return Quantile(0.5); }
  double p99() const { return Quantile(0.99); }

 private:
  std::vector<double> values_;
};

}  // namespace orch::bench
