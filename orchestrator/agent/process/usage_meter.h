#pragma once

#include <optional>

#include "absl/time/time.h"

#include "guest/v1/process.pb.h"
#include "orchestrator/agent/child/tree_usage.h"

namespace orch::agent {

// Makes a share of the processor out of what a process used at two moments. Pure; not thread-safe.
class UsageMeter {
 public:
  // Less time tells nothing: the kernel counts in steps of milliseconds.
  static constexpr absl::Duration kMinPeriod = absl::Milliseconds(200);

  // `start` is when the process was started, by the clock of `now` in Measure().
  explicit UsageMeter(absl::Duration start) : last_time_(start) {}

  // `usage` at `now`. Asked again within kMinPeriod, the share is the one from before.
  guest::v1::ProcessUsage Measure(const TreeUsage& usage, absl::Duration now);

 private:
  absl::Duration last_time_;
  absl::Duration last_cpu_time_;
  std::optional<double> percent_;
};

}  // namespace orch::agent
