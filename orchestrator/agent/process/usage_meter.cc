#include "orchestrator/agent/process/usage_meter.h"

#include <algorithm>

#include "orchestrator/agent/rpc/proto_time.h"

namespace orch::agent {

guest::v1::ProcessUsage UsageMeter::Measure(const TreeUsage& usage, absl::Duration now) {
  const absl::Duration period = now - last_time_;
  if (period >= kMinPeriod || (!percent_ && period > absl::ZeroDuration())) {
    const absl::Duration used = std::max(usage.cpu_time - last_cpu_time_, absl::ZeroDuration());
    percent_ = 100 * absl::FDivDuration(used, period);
  }
  if (period >= kMinPeriod) {
    last_time_ = now;
    last_cpu_time_ = usage.cpu_time;
  }
  guest::v1::ProcessUsage proto;
  proto.set_cpu_percent(percent_.value_or(0));
  *proto.mutable_cpu_time() = ToProtoDuration(usage.cpu_time);
  proto.set_memory_bytes(usage.memory_bytes);
  proto.set_read_bytes(usage.read_bytes);
  proto.set_written_bytes(usage.written_bytes);
  proto.set_processes(usage.processes);
  return proto;
}

}  // namespace orch::agent
