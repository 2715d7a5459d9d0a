#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "orchestrator/browser/browser_world.h"
#include "orchestrator/driver/vm_checkpoints.h"
#include "orchestrator/model/browser.h"
#include "orchestrator/model/session_id.h"

namespace orch {

// Tells the observer, and on success the log, how a browser went to sleep or woke, and how long
// that took: from the construction of this on. A value for one use.
class SleepReport {
 public:
  // Both must outlive it.
  SleepReport(const BrowserWorld& world, const SessionId& id)
      : world_(world), id_(id), began_(world.clock.Uptime()) {}

  void Paused(const absl::Status& status) const;
  // With what was saved.
  void OnDisk(const absl::StatusOr<PageCount>& pages) const;
  void Awake(StandbyLevel from, const absl::Status& status) const;

 private:
  absl::Duration Took() const { return world_.clock.Uptime() - began_; }

  const BrowserWorld& world_;
  const SessionId& id_;
  const absl::Duration began_;
};

}  // namespace orch
