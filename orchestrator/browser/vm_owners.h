#pragma once

#include <optional>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"

#include "orchestrator/model/session_id.h"
#include "orchestrator/model/vm_id.h"

namespace orch {

// Which browser runs in which machine. Thread-safe.
class VmOwners {
 public:
  void Bind(const VmId& vm, const SessionId& browser) {
    absl::MutexLock lock(&mutex_);
    owners_.insert_or_assign(vm, browser);
  }

  // From now on the end of `vm` is nobody's concern.
  void Unbind(const VmId& vm) {
    absl::MutexLock lock(&mutex_);
    owners_.erase(vm);
  }

  std::optional<SessionId> Find(const VmId& vm) const {
    absl::MutexLock lock(&mutex_);
    const auto it = owners_.find(vm);
    if (it == owners_.end()) return std::nullopt;
    return it->second;
  }

 private:
  mutable absl::Mutex mutex_;
  absl::flat_hash_map<VmId, SessionId> owners_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace orch
