#pragma once

#include <array>
#include <atomic>
#include <cstddef>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "prometheus/family.h"
#include "prometheus/histogram.h"
#include "prometheus/labels.h"

namespace orch {

// One histogram for each status code, the label `code`, that something ended with; made when the
// code is first seen. Thread-safe, without a lock of its own after that. The family must outlive it
// and keeps the histograms, unless Remove takes them away.
class CodeHistogram {
 public:
  using Family = prometheus::Family<prometheus::Histogram>;
  using Bounds = prometheus::Histogram::BucketBoundaries;

  // Of `family`, with `labels` besides `code`. `bounds` must outlive this.
  CodeHistogram(Family& family, prometheus::Labels labels, const Bounds& bounds);

  // A number that is no status code counts as UNKNOWN; durations outside 0..1 year as their limit.
  void Observe(absl::StatusCode code, absl::Duration duration);

  // Makes the histogram of `code`, so that it is there before anything happens.
  void Prepare(absl::StatusCode code) { Get(code); }

  // Takes the histograms out of the family. Nothing may be observed then or later.
  void Remove();

 private:
  // OK..UNAUTHENTICATED, by definition (google.rpc.Code).
  static constexpr size_t kCodes = 17;

  prometheus::Histogram& Get(absl::StatusCode code);

  Family& family_;
  const prometheus::Labels labels_;
  const Bounds& bounds_;
  // The family's.
  std::array<std::atomic<prometheus::Histogram*>, kCodes> by_code_ = {};
};

}  // namespace orch
