#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

#include "orchestrator/base/status_macros.h"
#include "tests/bench/figures.h"
#include "tests/bench/process_cost.h"

namespace orch::bench {
namespace {

constexpr int kClones = 8;
constexpr double kMaxShare = 0.4;

// A clone that was idle for a while and is then paused, so that one runs at a time: two cores do
// not let eight browsers be idle at once.
absl::StatusOr<VmId> MakeIdleClone(Daemon& daemon, const TemplateRef& base) {
  ORCH_ASSIGN_OR_RETURN(const std::string devices, daemon.host().catalog().ReadDevices(base));
  ORCH_ASSIGN_OR_RETURN(const Shell shell, daemon.host().shells().Start(base));
  ORCH_RETURN_IF_ERROR(daemon.LoadAndResume(shell, devices));
  absl::SleepFor(kIdle);
  ORCH_RETURN_IF_ERROR(daemon.driver().Pause(shell.vm.id));
  return shell.vm.id;
}

absl::StatusOr<double> MeasureClones(Daemon& daemon, const TemplateRef& base,
                                     std::vector<VmId>& clones) {
  std::vector<int64_t> pids;
  for (int i = 0; i < kClones; ++i) {
    ORCH_ASSIGN_OR_RETURN(const VmId id, MakeIdleClone(daemon, base));
    clones.push_back(id);
    ORCH_ASSIGN_OR_RETURN(const VmInfo vm, daemon.driver().Get(id));
    pids.push_back(vm.pid);
  }
  return PssMibOf(pids);
}

}  // namespace

absl::StatusOr<std::vector<Row>> MeasureMemory(BenchWorld& world) {
  ORCH_ASSIGN_OR_RETURN(const PlainFigures* plain, world.plain_figures());
  ORCH_ASSIGN_OR_RETURN(Daemon * daemon, world.daemon());
  ORCH_ASSIGN_OR_RETURN(const TemplateRef base, daemon->TemplateOf(kBrowserImage));
  std::vector<VmId> clones;
  const absl::StatusOr<double> pss_mib = MeasureClones(*daemon, base, clones);
  for (const VmId& id : clones) ORCH_RETURN_IF_ERROR(daemon->host().shells().Destroy(id));
  ORCH_RETURN_IF_ERROR(pss_mib.status());
  // Cold-booted machines share next to nothing, so one stands for all.
  Row row = ShareOf(
      SingleRow(absl::StrCat("memory of ", kClones, " idle clones (sum of Pss)"), *pss_mib, "MiB"),
      absl::StrCat(kClones, " x one cold-booted VM"), kClones * plain->pss_mib.p50());
  const bool met = row.ratio <= kMaxShare;
  return std::vector<Row>{WithTarget(std::move(row), "<= 0.4 of it", met)};
}

}  // namespace orch::bench
