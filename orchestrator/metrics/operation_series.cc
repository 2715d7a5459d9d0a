#include "orchestrator/metrics/operation_series.h"

namespace orch {
namespace {

using Bounds = CodeHistogram::Bounds;

// Seconds. Measured: on software emulation a minimal guest boots in 2-3 s and Chromium in 13-16 s,
// a shell starts in 0.3-0.5 s, a clone takes 11-19 ms, standby on disk 70-360 ms in and 44-63 ms
// out.
const Bounds& BootBounds() {
  static const Bounds bounds = {0.5, 1, 2, 3, 5, 7.5, 10, 15, 20, 30, 45, 60, 90, 120, 300};
  return bounds;
}

const Bounds& ShellBounds() {
  static const Bounds bounds = {0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 2, 5, 10, 30};
  return bounds;
}

const Bounds& CloneBounds() {
  static const Bounds bounds = {0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10};
  return bounds;
}

const Bounds& TemplateBounds() {
  static const Bounds bounds = {1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 300, 600};
  return bounds;
}

// Bytes, 1 MiB to 16 GiB.
const Bounds& SizeBounds() {
  static const Bounds bounds = [] {
    Bounds powers;
    for (int exponent = 20; exponent <= 34; ++exponent) {
      powers.push_back(static_cast<double>(uint64_t{1} << exponent));
    }
    return powers;
  }();
  return bounds;
}

CodeHistogram::Family& Family(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
}

}  // namespace

OperationSeries::OperationSeries(prometheus::Registry& registry)
    : boots_(Family(registry, "orchestrator_boot_duration_seconds",
                    "Time from power-on until a guest was ready"),
             {}, BootBounds()),
      shell_starts_(Family(registry, "orchestrator_shell_start_duration_seconds",
                           "Time to start a machine that waits for a state"),
                    {}, ShellBounds()),
      clones_(Family(registry, "orchestrator_clone_duration_seconds",
                     "Time to turn a shell into a loaded clone of a template"),
              {}, CloneBounds()),
      template_builds_(Family(registry, "orchestrator_template_build_duration_seconds",
                              "Time to boot and snapshot a template"),
                       {}, TemplateBounds()),
      standby_family_(Family(registry, "orchestrator_standby_duration_seconds",
                             "Time to put a browser into standby")),
      paused_standbys_(standby_family_, {{"level", "paused"}}, CloneBounds()),
      disk_standbys_(standby_family_, {{"level", "disk"}}, CloneBounds()),
      wake_family_(Family(registry, "orchestrator_wake_duration_seconds",
                          "Time to wake a browser from standby")),
      paused_wakes_(wake_family_, {{"level", "paused"}}, CloneBounds()),
      disk_wakes_(wake_family_, {{"level", "disk"}}, CloneBounds()),
      standby_size_(Family(registry, "orchestrator_standby_size_bytes",
                           "What the memory of one standby on disk takes there")
                        .Add({}, SizeBounds())),
      standby_dirty_(Family(registry, "orchestrator_standby_dirty_bytes",
                            "Memory of one standby on disk that differs from its template")
                         .Add({}, SizeBounds())) {
  // Rates and alerts need a zero before the first event.
  for (CodeHistogram* histogram :
       {&boots_, &shell_starts_, &clones_, &template_builds_, &paused_standbys_, &disk_standbys_,
        &paused_wakes_, &disk_wakes_}) {
    histogram->Prepare(absl::StatusCode::kOk);
  }
}

void OperationSeries::ObserveStandbySize(uint64_t bytes, uint64_t dirty_bytes) {
  standby_size_.Observe(static_cast<double>(bytes));
  standby_dirty_.Observe(static_cast<double>(dirty_bytes));
}

}  // namespace orch
