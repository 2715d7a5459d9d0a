#include "tests/bench/bench_world.h"

#include <cstdio>

#include "absl/time/clock.h"

#include "orchestrator/base/status_macros.h"
#include "tests/bench/process_cost.h"

namespace orch::bench {

absl::StatusOr<Daemon*> BenchWorld::daemon() {
  if (daemon_ == nullptr) {
    ORCH_ASSIGN_OR_RETURN(daemon_, Daemon::Start(settings_.image_dir));
  }
  return daemon_.get();
}

absl::StatusOr<PlainMachines*> BenchWorld::plain() {
  if (plain_ == nullptr) {
    ORCH_ASSIGN_OR_RETURN(Daemon * owner, daemon());
    ORCH_ASSIGN_OR_RETURN(plain_, PlainMachines::Create(*owner));
  }
  return plain_.get();
}

absl::StatusOr<const PlainFigures*> BenchWorld::plain_figures() {
  if (plain_figures_ == nullptr) {
    auto figures = std::make_unique<PlainFigures>();
    ORCH_RETURN_IF_ERROR(MeasurePlain(*figures));
    plain_figures_ = std::move(figures);
  }
  return plain_figures_.get();
}

absl::Status BenchWorld::MeasurePlain(PlainFigures& figures) {
  std::fprintf(stderr, "measuring libvirt alone\n");
  for (int i = 0; i < Rounds(2, 1); ++i) ORCH_RETURN_IF_ERROR(MeasurePlainMachine(figures));
  return absl::OkStatus();
}

absl::Status BenchWorld::MeasurePlainMachine(PlainFigures& figures) {
  ORCH_ASSIGN_OR_RETURN(PlainMachines * machines, plain());
  ORCH_ASSIGN_OR_RETURN(const BrowserRegistry::Plan plan, daemon_->PlanOf(kBrowserImage));
  ORCH_ASSIGN_OR_RETURN(const VmConfig config, machines->Prepare(plan));
  const absl::Time began = absl::Now();
  ORCH_ASSIGN_OR_RETURN(const std::unique_ptr<PlainMachines::Machine> machine,
                        machines->Start(config));
  ORCH_RETURN_IF_ERROR(machine->AwaitReady(plan.image));
  figures.boot.Add(absl::ToDoubleMilliseconds(absl::Now() - began));
  ORCH_RETURN_IF_ERROR(machine->Exec());
  figures.boot_and_exec.Add(absl::ToDoubleMilliseconds(absl::Now() - began));
  absl::SleepFor(kIdle);
  ORCH_ASSIGN_OR_RETURN(const int64_t pid, machine->Pid());
  ORCH_ASSIGN_OR_RETURN(const double pss, PssMibOf({pid}));
  figures.pss_mib.Add(pss);
  for (int i = 0; i < Rounds(5, 2); ++i) {
    ORCH_RETURN_IF_ERROR(figures.save.Time([&] { return machine->Save(); }));
    const double saved = figures.save.last();
    ORCH_ASSIGN_OR_RETURN(const uint64_t bytes, machine->SavedBytes());
    figures.saved_mib = static_cast<double>(bytes) / (1 << 20);
    ORCH_RETURN_IF_ERROR(figures.restore.Time([&] { return machine->Restore(); }));
    figures.save_and_restore.Add(saved + figures.restore.last());
    absl::SleepFor(absl::Seconds(1));
  }
  for (int i = 0; i < Rounds(50, 10); ++i) {
    ORCH_RETURN_IF_ERROR(machine->Suspend());
    ORCH_RETURN_IF_ERROR(figures.resume.Time([&] { return machine->Resume(); }));
    absl::SleepFor(absl::Milliseconds(50));
  }
  return absl::OkStatus();
}

}  // namespace orch::bench
