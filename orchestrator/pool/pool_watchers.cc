#include "orchestrator/pool/pool_watchers.h"

#include <utility>

namespace orch {

class PoolWatchers::Subscription : public PoolWatch {
 public:
  Subscription(std::shared_ptr<State> state, PoolId pool)
      : state_(std::move(state)), pool_(std::move(pool)) {}
  ~Subscription() override {
    absl::MutexLock lock(&state_->mutex);
    const auto it = state_->watchers.find(pool_);
    if (it == state_->watchers.end()) return;
    it->second.erase(this);
    if (it->second.empty()) state_->watchers.erase(it);
  }

 private:
  const std::shared_ptr<State> state_;
  const PoolId pool_;
};

std::unique_ptr<PoolWatch> PoolWatchers::Watch(const PoolId& pool, Callback callback) {
  auto subscription = std::make_unique<Subscription>(state_, pool);
  absl::MutexLock lock(&state_->mutex);
  state_->watchers[pool].emplace(subscription.get(),
                                 std::make_shared<Callback>(std::move(callback)));
  return subscription;
}

bool PoolWatchers::Mark(const std::vector<PoolId>& changed) {
  absl::MutexLock lock(&state_->mutex);
  if (state_->watchers.empty()) return false;
  const bool asked = !state_->marked.empty();
  for (const PoolId& id : changed) {
    if (state_->watchers.count(id) > 0) state_->marked.insert(id);
  }
  return !asked && !state_->marked.empty();
}

std::vector<PoolId> PoolWatchers::TakeMarked() {
  absl::MutexLock lock(&state_->mutex);
  std::vector<PoolId> taken(state_->marked.begin(), state_->marked.end());
  state_->marked.clear();
  return taken;
}

void PoolWatchers::Tell(const PoolId& pool, const std::optional<PoolStatus>& status) {
  std::vector<std::shared_ptr<Callback>> callbacks;
  {
    absl::MutexLock lock(&state_->mutex);
    const auto it = state_->watchers.find(pool);
    if (it == state_->watchers.end()) return;
    for (const auto& [subscription, callback] : it->second) callbacks.push_back(callback);
    if (!status.has_value()) state_->watchers.erase(it);
  }
  for (const auto& callback : callbacks) (*callback)(status);
}

}  // namespace orch
