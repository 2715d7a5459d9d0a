#pragma once

#include "absl/time/time.h"

#include "orchestrator/agent/loop/monotonic_time.h"
#include "orchestrator/agent/loop/wall_time.h"
#include "orchestrator/base/clock.h"

namespace orch::agent {

// The clock of a program whose host sets the time: in a guest, SystemClock tells the old time for
// seconds after that. Thread-safe.
class AgentClock final : public Clock {
 public:
  absl::Time Now() const override { return WallTime(); }
  absl::Duration Uptime() const override { return BootTime(); }
};

}  // namespace orch::agent
