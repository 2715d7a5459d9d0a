#include "absl/time/clock.h"

#include "orchestrator/base/status_macros.h"
#include "tests/bench/figures.h"

namespace orch::bench {
namespace {

constexpr double kMinTimes = 20;

absl::Status ForkOnce(Daemon& daemon, const std::string& source, Samples& fork) {
  ORCH_RETURN_IF_ERROR(daemon.AwaitSpareShell());
  ORCH_ASSIGN_OR_RETURN(const std::string copy, fork.Time([&] { return daemon.Fork(source); }));
  return daemon.Delete(copy);
}

}  // namespace

absl::StatusOr<std::vector<Row>> MeasureFork(BenchWorld& world) {
  ORCH_ASSIGN_OR_RETURN(const PlainFigures* plain, world.plain_figures());
  ORCH_ASSIGN_OR_RETURN(Daemon * daemon, world.daemon());
  ORCH_ASSIGN_OR_RETURN(const orchestrator::v1::Browser source, daemon->Create(kBrowserImage));
  absl::SleepFor(kIdle);
  Samples fork;
  absl::Status status;
  for (int i = 0; i < world.Rounds(20, 4) && status.ok(); ++i) {
    status = ForkOnce(*daemon, source.session_id(), fork);
  }
  ORCH_RETURN_IF_ERROR(daemon->Delete(source.session_id()));
  ORCH_RETURN_IF_ERROR(status);
  Row row = Faster(RowOf("ForkBrowser of a running one until the fork runs", fork),
                   "virDomainSave + virDomainRestore", plain->save_and_restore.p50());
  const bool met = row.ratio >= kMinTimes;
  return std::vector<Row>{WithTarget(std::move(row), ">= 20x faster", met)};
}

}  // namespace orch::bench
