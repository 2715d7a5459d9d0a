#include "tests/integration/browser/known_browser.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace orch::testing {

void KnownBrowser::OpenAt(absl::Duration now) {
  state = pool.has_value() ? BrowserState::kAcquired : BrowserState::kReady;
  level = StandbyLevel::kNone;
  last_active = now;
  sure = true;
}

void KnownBrowser::SleepAt(absl::Duration now, StandbyLevel depth) {
  if (!asleep()) paused_at = now;
  state = BrowserState::kStandby;
  level = std::max(level, depth);
}

bool KnownBrowser::Settle(absl::Duration now, absl::Duration deepen_after) {
  if (gone() || in_pool() || leases > 0 || !sure) return false;
  const absl::Duration idle = now - last_active;
  if (idle >= timeout) {
    state = BrowserState::kDeleted;
    return true;
  }
  const StandbyLevel before = level;
  if (!asleep() && idle >= standby_after) SleepAt(now, StandbyLevel::kPaused);
  if (level == StandbyLevel::kPaused && now - paused_at >= deepen_after) {
    level = StandbyLevel::kDisk;
  }
  return level != before;
}

void KnownBrowser::Yield(const Browser& record) {
  const bool unused = !gone() && (in_pool() || level == StandbyLevel::kPaused);
  if (!unused || record.standby_level != StandbyLevel::kDisk) return;
  state = BrowserState::kStandby;
  level = StandbyLevel::kDisk;
}

void KnownBrowser::Follow(const absl::StatusOr<Browser>& record) {
  state = record.ok() ? record->state : BrowserState::kDeleted;
  level = record.ok() ? record->standby_level : StandbyLevel::kNone;
  held = record.ok() && record->acquired_at.has_value();
  if (!record.ok()) return;
  timeout = record->spec.timeout;
  standby_after = *record->spec.standby_after;
}

std::string KnownBrowser::DiffersFrom(const Browser& record) const {
  if (record.spec.timeout != timeout || record.spec.standby_after != standby_after) {
    return absl::StrCat(id.value(), " has other times than it was given");
  }
  if (record.state == state && record.standby_level == level &&
      record.acquired_at.has_value() == held && record.vm.has_value() == has_machine()) {
    return "";
  }
  return absl::StrCat(
      id.value(), " is ", ToString(record.state), " at level ",
      static_cast<int>(record.standby_level), record.vm.has_value() ? "" : " without", " machine, ",
      record.acquired_at.has_value() ? "" : "not ", "held, and should be ", ToString(state),
      " at level ", static_cast<int>(level), held ? ", held" : ", not held");
}

}  // namespace orch::testing
