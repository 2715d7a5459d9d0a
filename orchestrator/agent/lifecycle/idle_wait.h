#pragma once

#include <functional>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "orchestrator/agent/lifecycle/cpu_meter.h"
#include "orchestrator/base/cancel_token.h"

namespace orch::agent {

// Waits until nothing much happens in the guest: until its processors were nearly idle in
// kQuietWindows windows of time in a row. Confined to one thread.
class IdleWait {
 public:
  static constexpr absl::Duration kWindow = absl::Milliseconds(250);
  static constexpr int kQuietWindows = 4;
  // How busy a guest may be in a quiet window, in processors. A Chromium that shows about:blank
  // takes less, even on software emulation.
  static constexpr double kMaxBusy = 0.15;

  using Sleep = std::function<void(absl::Duration)>;

  // `meter` outlives this.
  IdleWait(CpuMeter& meter, Sleep sleep);

  // Returns how long it took until the first of the quiet windows began. Blocks for at most
  // `timeout`; one that is too short for the windows cannot succeed.
  //
  // DEADLINE_EXCEEDED: it was not idle by then; the message says how busy it was. The reason of
  // `cancel`, when that is cancelled. Errors of the meter.
  absl::StatusOr<absl::Duration> Wait(absl::Duration timeout, const CancelToken& cancel);

 private:
  CpuMeter& meter_;
  const Sleep sleep_;
};

}  // namespace orch::agent
