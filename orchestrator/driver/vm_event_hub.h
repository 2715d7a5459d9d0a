#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

#include "orchestrator/driver/vm_driver.h"

namespace orch {

// Hands events to the subscribers of a driver. Thread-safe. Must outlive its subscriptions.
class VmEventHub {
 public:
  // See VmDriver::Subscribe.
  std::unique_ptr<VmEventSubscription> Subscribe(std::function<void(const VmEvent&)> callback);

  // Calls every subscriber, on this thread, without holding a lock. Call from one thread at a time:
  // the order of events is the order of these calls.
  void Publish(const VmEvent& event);

 private:
  class Subscription;

  void Unsubscribe(uint64_t key);

  absl::Mutex mutex_;
  uint64_t next_key_ ABSL_GUARDED_BY(mutex_) = 1;
  // The key whose callback runs now, or 0.
  uint64_t running_ ABSL_GUARDED_BY(mutex_) = 0;
  // Shared with a call that is under way.
  std::map<uint64_t, std::shared_ptr<const std::function<void(const VmEvent&)>>> callbacks_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace orch
