#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "orchestrator/metrics/code_histogram.h"
#include "prometheus/counter.h"
#include "prometheus/histogram.h"
#include "prometheus/registry.h"

namespace orch {

// The series of what is done to machines, whatever their pool. Thread-safe. `registry` must outlive
// it.
class OperationSeries {
 public:
  explicit OperationSeries(prometheus::Registry& registry);

  CodeHistogram& boots() { return boots_; }
  CodeHistogram& shell_starts() { return shell_starts_; }
  CodeHistogram& clones() { return clones_; }
  CodeHistogram& template_builds() { return template_builds_; }
  CodeHistogram& paused_standbys() { return paused_standbys_; }
  CodeHistogram& disk_standbys() { return disk_standbys_; }
  CodeHistogram& paused_wakes() { return paused_wakes_; }
  CodeHistogram& disk_wakes() { return disk_wakes_; }
  void ObserveStandbySize(uint64_t bytes, uint64_t dirty_bytes);

 private:
  CodeHistogram boots_;
  CodeHistogram shell_starts_;
  CodeHistogram clones_;
  CodeHistogram template_builds_;
  CodeHistogram::Family& standby_family_;
  CodeHistogram paused_standbys_;
  CodeHistogram disk_standbys_;
  CodeHistogram::Family& wake_family_;
  CodeHistogram paused_wakes_;
  CodeHistogram disk_wakes_;
  prometheus::Histogram& standby_size_;
  prometheus::Histogram& standby_dirty_;
};

}  // namespace orch
