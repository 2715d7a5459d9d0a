#include "absl/cleanup/cleanup.h"
#include "absl/time/clock.h"

#include "orchestrator/base/status_macros.h"
#include "tests/bench/figures.h"

namespace orch::bench {
namespace {

constexpr char kImage[] = "unikernel";
constexpr double kMaxLoadP50Ms = 10;

struct CloneTimes {
  Samples load;
  Samples whole;
};

absl::Status CloneOnce(Daemon& daemon, const TemplateRef& base, CloneTimes& times) {
  ORCH_ASSIGN_OR_RETURN(const std::string devices, daemon.host().catalog().ReadDevices(base));
  Samples start;
  ORCH_ASSIGN_OR_RETURN(const Shell shell,
                        start.Time([&] { return daemon.host().shells().Start(base); }));
  const absl::Cleanup destroy = [&] { daemon.host().shells().Destroy(shell.vm.id).IgnoreError(); };
  ORCH_RETURN_IF_ERROR(times.load.Time([&] { return daemon.LoadAndResume(shell, devices); }));
  times.whole.Add(start.last() + times.load.last());
  return absl::OkStatus();
}

absl::Status BootOnce(PlainMachines& machines, const BrowserRegistry::Plan& plan, Samples& boot) {
  ORCH_ASSIGN_OR_RETURN(const VmConfig config, machines.Prepare(plan));
  std::unique_ptr<PlainMachines::Machine> machine;
  return boot.Time([&]() -> absl::Status {
    ORCH_ASSIGN_OR_RETURN(machine, machines.Start(config));
    return machine->AwaitReady(plan.image);
  });
}

}  // namespace

absl::StatusOr<std::vector<Row>> MeasureUnikernel(BenchWorld& world) {
  ORCH_ASSIGN_OR_RETURN(Daemon * daemon, world.daemon());
  ORCH_ASSIGN_OR_RETURN(PlainMachines * machines, world.plain());
  ORCH_ASSIGN_OR_RETURN(const BrowserRegistry::Plan plan, daemon->PlanOf(kImage));
  ORCH_ASSIGN_OR_RETURN(const TemplateRef base, daemon->TemplateOf(kImage));
  CloneTimes times;
  Samples boot;
  for (int i = 0; i < world.Rounds(40, 8); ++i) {
    ORCH_RETURN_IF_ERROR(CloneOnce(*daemon, base, times));
    ORCH_RETURN_IF_ERROR(BootOnce(*machines, plan, boot));
  }
  Row load = Faster(RowOf("unikernel load + resume", times.load), "its cold boot", boot.p50());
  const bool fast = load.p50 <= kMaxLoadP50Ms;
  return std::vector<Row>{
      WithTarget(std::move(load), "<= 10 ms", fast),
      Faster(RowOf("unikernel clone with its shell", times.whole), "its cold boot", boot.p50()),
  };
}

}  // namespace orch::bench
