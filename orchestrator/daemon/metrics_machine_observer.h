#pragma once

#include "orchestrator/metrics/metrics.h"
#include "orchestrator/snapshot/machine_observer.h"

namespace orch {

// Records what was done to machines. Thread-safe; never blocks.
class MetricsMachineObserver final : public MachineObserver {
 public:
  // `metrics` must outlive this.
  explicit MetricsMachineObserver(Metrics& metrics) : metrics_(metrics) {}

  void OnBoot(const absl::Status& status, absl::Duration took) override;
  void OnTemplateBuild(const absl::Status& status, absl::Duration took) override;
  void OnShellStart(const absl::Status& status, absl::Duration took) override;
  void OnClone(const absl::Status& status, absl::Duration took) override;
  void OnStandby(StandbyLevel level, const absl::Status& status, absl::Duration took) override;
  void OnStandbySaved(const PageCount& pages) override;
  void OnWake(StandbyLevel level, const absl::Status& status, absl::Duration took) override;

 private:
  Metrics& metrics_;
};

}  // namespace orch
