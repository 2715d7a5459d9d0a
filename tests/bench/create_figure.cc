#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"
#include "tests/bench/figures.h"

namespace orch::bench {
namespace {

// The template is there: the first browser of its kind is made without being measured.
absl::StatusOr<Samples> MeasureKind(Daemon& daemon, const char* image, bool headless, int rounds) {
  Samples samples;
  for (int i = 0; i <= rounds; ++i) {
    Samples once;
    ORCH_ASSIGN_OR_RETURN(const orchestrator::v1::Browser browser,
                          once.Time([&] { return daemon.Create(image, headless); }));
    ORCH_RETURN_IF_ERROR(daemon.Delete(browser.session_id()));
    if (i > 0) samples.Add(once.last());
  }
  return samples;
}

}  // namespace

absl::StatusOr<std::vector<Row>> MeasureCreate(BenchWorld& world) {
  ORCH_ASSIGN_OR_RETURN(const PlainFigures* plain, world.plain_figures());
  ORCH_ASSIGN_OR_RETURN(Daemon * daemon, world.daemon());
  const int rounds = world.Rounds(10, 2);
  ORCH_ASSIGN_OR_RETURN(const Samples minimal, MeasureKind(*daemon, "minimal", true, rounds));
  ORCH_ASSIGN_OR_RETURN(const Samples headless, MeasureKind(*daemon, kBrowserImage, true, rounds));
  std::vector<Row> rows = {RowOf("create to READY, minimal headless", minimal),
                           Faster(RowOf("create to READY, chromium headless", headless),
                                  "cold boot to CDP", plain->boot.p50())};
  if (world.quick()) return rows;
  ORCH_ASSIGN_OR_RETURN(const Samples headful, MeasureKind(*daemon, kBrowserImage, false, rounds));
  rows.push_back(RowOf("create to READY, chromium headful", headful));
  return rows;
}

}  // namespace orch::bench
