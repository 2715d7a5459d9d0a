#include "orchestrator/browser/idle_policy.h"

namespace orch {

bool WaitsInPool(const Browser& browser) {
  return browser.membership.has_value() && !browser.acquired_at.has_value();
}

bool IsIdleInPool(const Browser& browser) {
  return WaitsInPool(browser) &&
         (browser.state == BrowserState::kReady || browser.state == BrowserState::kStandby);
}

IdleStep NextIdleStep(const IdleFacts& facts) {
  const bool sleeps = facts.state == BrowserState::kStandby;
  if (facts.in_pool || facts.active || (!sleeps && !IsCallable(facts.state))) return {};
  const IdleStep reap = {IdleAction::kDelete, facts.timeout - facts.idle_for};
  IdleStep sleep;
  if (!sleeps) {
    sleep = {IdleAction::kPause, facts.standby_after - facts.idle_for};
  } else if (facts.level == StandbyLevel::kPaused) {
    sleep = {IdleAction::kDeepen, facts.deepen_after - facts.paused_for};
  }
  return reap.in <= absl::ZeroDuration() || reap.in <= sleep.in ? reap : sleep;
}

}  // namespace orch
