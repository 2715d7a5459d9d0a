#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

#include "orchestrator/model/pool_id.h"
#include "orchestrator/pool/pool_status.h"

namespace orch {

// Ends a watch when destroyed; its callback may still be running then, but is not called anew.
class PoolWatch {
 public:
  virtual ~PoolWatch() = default;
};

// Who watches which pool, and which of the watched pools have changed since their watchers were
// told. Changes that follow faster than they are told become one. Thread-safe; callbacks run
// without the mutex.
class PoolWatchers {
 public:
  // Called with a pool as it is, one call at a time, or with nothing after it was deleted; then
  // never again. Must not block.
  using Callback = std::function<void(const std::optional<PoolStatus>&)>;

  std::unique_ptr<PoolWatch> Watch(const PoolId& pool, Callback callback);

  // Notes changes. True: someone watches one of them, and nobody has been asked to tell yet, so the
  // caller must see to it.
  bool Mark(const std::vector<PoolId>& changed);
  // What was marked; from now on Mark asks again.
  std::vector<PoolId> TakeMarked();
  void Tell(const PoolId& pool, const std::optional<PoolStatus>& status);

 private:
  class Subscription;
  // Shared with subscriptions, which may outlive this.
  struct State {
    absl::Mutex mutex;
    std::map<PoolId, std::map<const Subscription*, std::shared_ptr<Callback>>> watchers
        ABSL_GUARDED_BY(mutex);
    std::set<PoolId> marked ABSL_GUARDED_BY(mutex);
  };

  const std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace orch
