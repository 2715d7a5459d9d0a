#include "absl/time/clock.h"

#include "orchestrator/base/status_macros.h"
#include "tests/bench/figures.h"

namespace orch::bench {
namespace {

constexpr char kPool[] = "acquire";
constexpr uint32_t kPoolSize = 2;
constexpr double kMaxP50Ms = 10;
constexpr double kMaxP99Ms = 60;
constexpr double kMinTimesBoot = 50;

struct AcquireTimes {
  Samples acquire;
  Samples first_exec;
};

absl::Status AcquireOnce(Daemon& daemon, AcquireTimes& times) {
  const absl::Time began = absl::Now();
  ORCH_ASSIGN_OR_RETURN(const std::string id,
                        times.acquire.Time([&] { return daemon.Acquire(kPool); }));
  ORCH_RETURN_IF_ERROR(daemon.Exec(id));
  times.first_exec.Add(absl::ToDoubleMilliseconds(absl::Now() - began));
  return daemon.Release(kPool, id);
}

}  // namespace

absl::StatusOr<std::vector<Row>> MeasureAcquire(BenchWorld& world) {
  ORCH_ASSIGN_OR_RETURN(const PlainFigures* plain, world.plain_figures());
  ORCH_ASSIGN_OR_RETURN(Daemon * daemon, world.daemon());
  ORCH_RETURN_IF_ERROR(daemon->CreatePool(kPool, kBrowserImage, kPoolSize));
  AcquireTimes times;
  absl::Status status;
  for (int i = 0; i < world.Rounds(100, 20) && status.ok(); ++i) {
    status = AcquireOnce(*daemon, times);
  }
  ORCH_RETURN_IF_ERROR(daemon->DeletePool(kPool));
  ORCH_RETURN_IF_ERROR(status);
  Row acquire = Faster(RowOf("AcquireBrowser, one is available", times.acquire),
                       "virDomainResume alone", plain->resume.p50());
  const bool fast = acquire.p50 <= kMaxP50Ms && acquire.p99 <= kMaxP99Ms;
  Row exec = Faster(RowOf("AcquireBrowser to the first Exec answered", times.first_exec),
                    "cold boot to the same", plain->boot_and_exec.p50());
  const bool much_faster = exec.ratio >= kMinTimesBoot;
  return std::vector<Row>{
      WithTarget(std::move(acquire), "p50 <= 10 ms, p99 <= 60 ms", fast),
      WithTarget(std::move(exec), ">= 50x faster", much_faster),
  };
}

}  // namespace orch::bench
