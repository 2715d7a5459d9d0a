#include "orchestrator/daemon/metrics_machine_observer.h"

namespace orch {

void MetricsMachineObserver::OnBoot(const absl::Status& status, absl::Duration took) {
  metrics_.RecordBoot(status.code(), took);
}

void MetricsMachineObserver::OnTemplateBuild(const absl::Status& status, absl::Duration took) {
  metrics_.RecordTemplateBuild(status.code(), took);
}

void MetricsMachineObserver::OnShellStart(const absl::Status& status, absl::Duration took) {
  metrics_.RecordShellStart(status.code(), took);
}

void MetricsMachineObserver::OnClone(const absl::Status& status, absl::Duration took) {
  metrics_.RecordClone(status.code(), took);
}

void MetricsMachineObserver::OnStandby(StandbyLevel level, const absl::Status& status,
                                       absl::Duration took) {
  if (level == StandbyLevel::kDisk) {
    metrics_.RecordDiskStandby(status.code(), took);
  } else {
    metrics_.RecordPausedStandby(status.code(), took);
  }
}

void MetricsMachineObserver::OnStandbySaved(const PageCount& pages) {
  metrics_.RecordStandbySize(pages.file_bytes, pages.changed_bytes);
}

void MetricsMachineObserver::OnWake(StandbyLevel level, const absl::Status& status,
                                    absl::Duration took) {
  if (level == StandbyLevel::kDisk) {
    metrics_.RecordDiskWake(status.code(), took);
  } else {
    metrics_.RecordPausedWake(status.code(), took);
  }
}

}  // namespace orch
