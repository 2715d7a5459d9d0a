#include "absl/cleanup/cleanup.h"
#include "absl/time/clock.h"

#include "orchestrator/base/status_macros.h"
#include "tests/bench/figures.h"

namespace orch::bench {
namespace {

constexpr double kMaxP50Ms = 25;
constexpr double kMinTimesRestore = 40;
constexpr double kMinTimesBoot = 500;
// A shell that is kept ready has come to rest.
constexpr absl::Duration kShellRest = absl::Milliseconds(500);
constexpr absl::Duration kUse = absl::Milliseconds(300);

absl::Status LoadOnce(Daemon& daemon, const TemplateRef& base, Samples& load) {
  ORCH_ASSIGN_OR_RETURN(const std::string devices, daemon.host().catalog().ReadDevices(base));
  ORCH_ASSIGN_OR_RETURN(const Shell shell, daemon.host().shells().Start(base));
  const absl::Cleanup destroy = [&] { daemon.host().shells().Destroy(shell.vm.id).IgnoreError(); };
  absl::SleepFor(kShellRest);
  ORCH_RETURN_IF_ERROR(load.Time([&] { return daemon.LoadAndResume(shell, devices); }));
  absl::SleepFor(kUse);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<Row>> MeasureTemplateLoad(BenchWorld& world) {
  ORCH_ASSIGN_OR_RETURN(const PlainFigures* plain, world.plain_figures());
  ORCH_ASSIGN_OR_RETURN(Daemon * daemon, world.daemon());
  ORCH_ASSIGN_OR_RETURN(const TemplateRef base, daemon->TemplateOf(kBrowserImage));
  Samples load;
  for (int i = 0; i < world.Rounds(40, 8); ++i) {
    ORCH_RETURN_IF_ERROR(LoadOnce(*daemon, base, load));
  }
  Row restore =
      Faster(RowOf("template load + resume", load), "virDomainRestore", plain->restore.p50());
  const bool fast = restore.p50 <= kMaxP50Ms && restore.ratio >= kMinTimesRestore;
  Row boot = Faster(RowOf("template load + resume", load), "cold boot to CDP", plain->boot.p50());
  const bool much_faster = boot.ratio >= kMinTimesBoot;
  return std::vector<Row>{
      WithTarget(std::move(restore), "<= 25 ms, >= 40x faster", fast),
      WithTarget(std::move(boot), ">= 500x faster", much_faster),
  };
}

}  // namespace orch::bench
