#pragma once

#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"

#include "orchestrator/metrics/metrics.h"
#include "orchestrator/pool/pool_observer.h"

namespace orch {

// Records what happens to pools under the names that they have by then; what is told of a pool that
// is gone counts as "(other)". Thread-safe; never blocks.
class MetricsPoolObserver final : public PoolObserver {
 public:
  // `metrics` must outlive this.
  explicit MetricsPoolObserver(Metrics& metrics) : metrics_(metrics) {}

  void OnPool(const Pool& pool) override;
  void OnPoolGone(const PoolId& pool) override;
  void OnAcquireEnd(const PoolId& pool, const absl::Status& status, absl::Duration wait) override;
  void OnCreationFailure(const PoolId& pool, const absl::Status& status) override;

 private:
  // Empty, which no pool is called, when there is none.
  std::string NameOf(const PoolId& pool) const;

  Metrics& metrics_;
  mutable absl::Mutex mutex_;
  absl::flat_hash_map<PoolId, std::string> names_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace orch
