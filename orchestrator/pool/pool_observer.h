#pragma once

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "orchestrator/model/pool.h"

namespace orch {

// Is told what happens to pools: what metrics are made of. Called once for each thing, on any
// thread and without a mutex held; must not block. Override what is of interest. Thread-safe.
class PoolObserver {
 public:
  virtual ~PoolObserver() = default;

  // A pool is there, since now or from before; or it was changed.
  virtual void OnPool(const Pool& /*pool*/) {}

  // It was deleted. What is told of it later ended before.
  virtual void OnPoolGone(const PoolId& /*pool*/) {}

  // A call to acquire was answered, after `wait`. OK: it got a browser.
  virtual void OnAcquireEnd(const PoolId& /*pool*/, const absl::Status& /*status*/,
                            absl::Duration /*wait*/) {}

  // A browser could not be made for it.
  virtual void OnCreationFailure(const PoolId& /*pool*/, const absl::Status& /*status*/) {}
};

}  // namespace orch
