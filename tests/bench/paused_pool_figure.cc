#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

#include "orchestrator/base/status_macros.h"
#include "tests/bench/figures.h"
#include "tests/bench/process_cost.h"

namespace orch::bench {
namespace {

constexpr char kPool[] = "paused";
constexpr char kImage[] = "minimal";
constexpr double kMaxPercent = 1;
// Until what the last creation left to do is done.
constexpr absl::Duration kSettle = absl::Seconds(5);

// Of one core, by all machines and this process, in which the daemon's parts are.
absl::StatusOr<double> CpuPercent(Daemon& daemon, absl::Duration window) {
  ORCH_ASSIGN_OR_RETURN(const std::vector<int64_t> pids, daemon.Pids());
  const absl::Duration cpu = CpuTimeOf(pids) + OwnCpuTime();
  const absl::Time began = absl::Now();
  absl::SleepFor(window);
  const absl::Duration used = CpuTimeOf(pids) + OwnCpuTime() - cpu;
  return 100 * absl::FDivDuration(used, absl::Now() - began);
}

}  // namespace

absl::StatusOr<std::vector<Row>> MeasurePausedPool(BenchWorld& world) {
  const int size = world.Rounds(50, 10);
  ORCH_ASSIGN_OR_RETURN(Daemon * daemon, world.daemon());
  ORCH_RETURN_IF_ERROR(daemon->CreatePool(kPool, kImage, static_cast<uint32_t>(size)));
  absl::SleepFor(kSettle);
  const absl::StatusOr<double> percent = CpuPercent(*daemon, absl::Seconds(world.Rounds(30, 10)));
  ORCH_RETURN_IF_ERROR(daemon->DeletePool(kPool));
  ORCH_RETURN_IF_ERROR(percent.status());
  Row row = SingleRow(absl::StrCat("host CPU of a paused pool of ", size, " minimal clones"),
                      *percent, "% of a core");
  const bool met = row.p50 < kMaxPercent;
  return std::vector<Row>{WithTarget(std::move(row), "< 1 %", met)};
}

}  // namespace orch::bench
