#include "orchestrator/daemon/metrics_pool_observer.h"

#include "orchestrator/daemon/host_readings.h"

namespace orch {

void MetricsPoolObserver::OnPool(const Pool& pool) {
  const std::string& name = MetricsNameOf(pool);
  absl::MutexLock lock(&mutex_);
  std::string& known = names_[pool.id];
  if (known == name) return;
  if (!known.empty()) metrics_.RemovePool(known);
  known = name;
  metrics_.AddPool(known);
}

void MetricsPoolObserver::OnPoolGone(const PoolId& pool) {
  absl::MutexLock lock(&mutex_);
  const auto found = names_.find(pool);
  if (found == names_.end()) return;
  metrics_.RemovePool(found->second);
  names_.erase(found);
}

void MetricsPoolObserver::OnAcquireEnd(const PoolId& pool, const absl::Status& status,
                                       absl::Duration wait) {
  metrics_.RecordAcquire(NameOf(pool), status.code(), wait);
}

void MetricsPoolObserver::OnCreationFailure(const PoolId& pool, const absl::Status& /*status*/) {
  metrics_.RecordRefillFailure(NameOf(pool));
}

std::string MetricsPoolObserver::NameOf(const PoolId& pool) const {
  absl::MutexLock lock(&mutex_);
  const auto found = names_.find(pool);
  return found == names_.end() ? "" : found->second;
}

}  // namespace orch
