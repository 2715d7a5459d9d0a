#include "orchestrator/driver/vm_event_hub.h"

#include <utility>

namespace orch {

class VmEventHub::Subscription : public VmEventSubscription {
 public:
  Subscription(VmEventHub& hub, uint64_t key) : hub_(hub), key_(key) {}
  ~Subscription() override { hub_.Unsubscribe(key_); }
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;

 private:
  VmEventHub& hub_;
  const uint64_t key_;
};

std::unique_ptr<VmEventSubscription> VmEventHub::Subscribe(
    std::function<void(const VmEvent&)> callback) {
  absl::MutexLock lock(&mutex_);
  const uint64_t key = next_key_++;
  callbacks_[key] =
      std::make_shared<const std::function<void(const VmEvent&)>>(std::move(callback));
  return std::make_unique<Subscription>(*this, key);
}

void VmEventHub::Publish(const VmEvent& event) {
  // Keys only grow, so walking by key visits each subscriber once while others come and go.
  uint64_t last = 0;
  while (true) {
    std::shared_ptr<const std::function<void(const VmEvent&)>> callback;
    {
      absl::MutexLock lock(&mutex_);
      const auto next = callbacks_.upper_bound(last);
      if (next == callbacks_.end()) return;
      last = next->first;
      callback = next->second;
      running_ = last;
    }
    (*callback)(event);
    absl::MutexLock lock(&mutex_);
    running_ = 0;
  }
}

void VmEventHub::Unsubscribe(uint64_t key) {
  absl::MutexLock lock(&mutex_);
  callbacks_.erase(key);
  const auto is_idle = [this, key]()
                           ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return running_ != key; };
  mutex_.Await(absl::Condition(&is_idle));
}

}  // namespace orch
