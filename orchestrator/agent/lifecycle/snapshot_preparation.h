#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "orchestrator/agent/lifecycle/cpu_meter.h"
#include "orchestrator/base/cancel_token.h"

namespace orch::agent {

// Brings a guest into the state in which it is copied: Chromium shows about:blank, nothing much
// happens, the disks have everything. Confined to one thread.
class SnapshotPreparation {
 public:
  static constexpr absl::Duration kMaxIdleTimeout = absl::Seconds(60);

  struct Options {
    // Where Chromium serves DevTools; nothing when there is none.
    std::optional<uint16_t> devtools_port;
    // Outlives this.
    CpuMeter& meter;
    // Writes to the disks what is only in memory.
    std::function<absl::Status()> flush;
    std::function<void(absl::Duration)> sleep;
  };

  explicit SnapshotPreparation(Options options);

  // Returns how long the guest took to become idle. `check_programs` says whether all programs are
  // up, FAILED_PRECONDITION otherwise; it is asked before and after. An `idle_timeout` of zero
  // means that nobody waits. Blocks.
  //
  // INVALID_ARGUMENT: `idle_timeout` is negative or longer than kMaxIdleTimeout.
  // FAILED_PRECONDITION: as of `check_programs`, or Chromium does not get to about:blank.
  // DEADLINE_EXCEEDED: not idle within `idle_timeout`; all the rest is done.
  // INTERNAL: the kernel refuses something. The reason of `cancel`, when that is cancelled.
  absl::StatusOr<absl::Duration> Run(absl::Duration idle_timeout,
                                     absl::FunctionRef<absl::Status()> check_programs,
                                     const CancelToken& cancel);

 private:
  absl::Status ShowBlankAlone(const CancelToken& cancel) const;

  const Options options_;
};

}  // namespace orch::agent
