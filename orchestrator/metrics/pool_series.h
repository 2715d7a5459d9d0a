#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "orchestrator/metrics/code_histogram.h"
#include "prometheus/counter.h"
#include "prometheus/registry.h"

namespace orch {

// The series that have a pool as a label. Clients name pools, so only so many names become labels:
// everything else is counted together as "(other)", which no pool can be called. Thread-safe.
// `registry` must outlive it.
class PoolSeries {
 public:
  // Pools with series of their own. Each has up to a hundred lines in an answer.
  static constexpr size_t kMaxPools = 100;

  explicit PoolSeries(prometheus::Registry& registry);
  ~PoolSeries();

  // From now on `pool` has its own series, unless there are kMaxPools already or it is no pool name
  // ([a-zA-Z0-9._-], 1..255 characters). Idempotent.
  void Add(absl::string_view pool);
  // Drops its series.
  void Remove(absl::string_view pool);

  void ObserveAcquire(absl::string_view pool, absl::StatusCode code, absl::Duration wait);
  void CountRefillFailure(absl::string_view pool);

  // What `pool` is called in labels: its name, "(other)", or "(none)" for an empty name.
  std::string Label(absl::string_view pool) const;

 private:
  class OnePool;

  // The pool's own or the common one.
  OnePool& Find(absl::string_view pool) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  CodeHistogram::Family& waits_;
  prometheus::Family<prometheus::Counter>& refill_failures_;
  // Held while something is counted, so that nothing is counted into what Remove has dropped.
  mutable absl::Mutex mutex_;
  const std::unique_ptr<OnePool> other_ ABSL_PT_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, std::unique_ptr<OnePool>> pools_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace orch
