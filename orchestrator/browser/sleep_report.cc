#include "orchestrator/browser/sleep_report.h"

#include "orchestrator/base/log.h"

namespace orch {

void SleepReport::Paused(const absl::Status& status) const {
  world_.observer.OnStandby(StandbyLevel::kPaused, status, Took());
  if (!status.ok()) return;
  Log(LogLevel::kInfo, "browser_standby", {{"session_id", id_.value()}, {"level", "paused"}});
}

void SleepReport::OnDisk(const absl::StatusOr<PageCount>& pages) const {
  const absl::Duration took = Took();
  world_.observer.OnStandby(StandbyLevel::kDisk, pages.status(), took);
  if (!pages.ok()) return;
  world_.observer.OnStandbySaved(*pages);
  Log(LogLevel::kInfo, "browser_standby",
      {{"session_id", id_.value()},
       {"level", "disk"},
       {"changed_bytes", pages->changed_bytes},
       {"file_bytes", pages->file_bytes},
       {"took_ms", absl::ToInt64Milliseconds(took)}});
}

void SleepReport::Awake(StandbyLevel from, const absl::Status& status) const {
  const absl::Duration took = Took();
  world_.observer.OnWake(from, status, took);
  if (!status.ok()) return;
  Log(LogLevel::kInfo, "browser_woke",
      {{"session_id", id_.value()},
       {"level", from == StandbyLevel::kDisk ? "disk" : "paused"},
       {"took_ms", absl::ToInt64Milliseconds(took)}});
}

}  // namespace orch
