#include "orchestrator/browser/push_order.h"

#include <algorithm>

#include "orchestrator/browser/idle_policy.h"

namespace orch {

std::vector<RoomMaker::Pushable> PushOrder(const std::vector<PushCandidate>& candidates,
                                           RoomMaker::Reach reach) {
  std::vector<const PushCandidate*> held;
  std::vector<const PushCandidate*> pooled;
  for (const PushCandidate& candidate : candidates) {
    const Browser& browser = candidate.browser;
    if (!browser.vm.has_value()) continue;
    if (IsIdleInPool(browser)) {
      if (reach == RoomMaker::Reach::kPausedAndPooled) pooled.push_back(&candidate);
    } else if (browser.standby_level == StandbyLevel::kPaused) {
      held.push_back(&candidate);
    }
  }
  const auto longer_idle = [](const PushCandidate* a, const PushCandidate* b) {
    return a->last_active < b->last_active;
  };
  std::stable_sort(held.begin(), held.end(), longer_idle);
  std::stable_sort(pooled.rbegin(), pooled.rend(), longer_idle);
  held.insert(held.end(), pooled.begin(), pooled.end());
  std::vector<RoomMaker::Pushable> order;
  order.reserve(held.size());
  for (const PushCandidate* candidate : held) {
    order.push_back({candidate->browser.id, candidate->browser.spec.memory_mib});
  }
  return order;
}

}  // namespace orch
