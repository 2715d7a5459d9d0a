#include <sys/stat.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

#include "orchestrator/base/status_macros.h"
#include "tests/bench/figures.h"

namespace orch::bench {
namespace {

constexpr double kMinTimesIn = 20;
constexpr double kMaxShare = 0.2;
constexpr double kMinTimesWake = 10;

struct StandbyTimes {
  Samples in;
  Samples wake;
  // Memory and devices, as in what virDomainSave writes; the disk is kept under a second name.
  Samples saved_mib;
};

absl::Status SleepOnce(Daemon& daemon, const std::string& id, StandbyTimes& times) {
  ORCH_RETURN_IF_ERROR(times.in.Time([&] { return daemon.Standby(id); }));
  double mib = 0;
  for (const char* part : {"pages", "devices"}) {
    const std::string path = daemon.dir().File(absl::StrCat("standby/", id, "/", part));
    struct stat status = {};
    if (::stat(path.c_str(), &status) != 0) return absl::ErrnoToStatus(errno, path);
    mib += static_cast<double>(status.st_blocks) * 512 / (1 << 20);
  }
  times.saved_mib.Add(mib);
  ORCH_RETURN_IF_ERROR(daemon.AwaitSpareShell());
  return times.wake.Time([&] { return daemon.Resume(id); });
}

}  // namespace

absl::StatusOr<std::vector<Row>> MeasureStandby(BenchWorld& world) {
  ORCH_ASSIGN_OR_RETURN(const PlainFigures* plain, world.plain_figures());
  ORCH_ASSIGN_OR_RETURN(Daemon * daemon, world.daemon());
  ORCH_ASSIGN_OR_RETURN(const orchestrator::v1::Browser browser, daemon->Create(kBrowserImage));
  const std::string& id = browser.session_id();
  absl::SleepFor(kIdle);
  StandbyTimes times;
  absl::Status status;
  for (int i = 0; i < world.Rounds(20, 4) && status.ok(); ++i) {
    status = SleepOnce(*daemon, id, times);
    absl::SleepFor(absl::Seconds(1));
  }
  ORCH_RETURN_IF_ERROR(daemon->Delete(id));
  ORCH_RETURN_IF_ERROR(status);
  Row in = Faster(RowOf("standby on disk, in", times.in), "virDomainSave", plain->save.p50());
  const bool in_met = in.ratio >= kMinTimesIn;
  Row bytes = ShareOf(RowOf("standby on disk, memory and devices written", times.saved_mib, "MiB"),
                      "virDomainSave", plain->saved_mib);
  const bool bytes_met = bytes.ratio <= kMaxShare;
  Row wake = Faster(RowOf("wake from disk until it runs", times.wake), "virDomainRestore",
                    plain->restore.p50());
  const bool wake_met = wake.ratio >= kMinTimesWake;
  return std::vector<Row>{
      WithTarget(std::move(in), ">= 20x faster", in_met),
      WithTarget(std::move(bytes), "<= 0.2 of its bytes", bytes_met),
      WithTarget(std::move(wake), ">= 10x faster", wake_met),
  };
}

}  // namespace orch::bench
