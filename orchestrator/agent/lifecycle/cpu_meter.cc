#include "orchestrator/agent/lifecycle/cpu_meter.h"

#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "orchestrator/agent/loop/monotonic_time.h"
#include "orchestrator/base/files.h"
#include "orchestrator/base/status_macros.h"

namespace orch::agent {
namespace {

constexpr size_t kMaxBytes = 1024 * 1024;
// "cpu user nice system idle iowait ...", see proc_stat(5).
constexpr size_t kIdleField = 4;
constexpr size_t kIoWaitField = 5;

}  // namespace

double BusyProcessors(const CpuSample& before, const CpuSample& after) {
  const absl::Duration passed = after.at - before.at;
  const absl::Duration busy = passed * after.processors - (after.idle - before.idle);
  return std::max(0.0, absl::FDivDuration(busy, passed));
}

absl::StatusOr<CpuSample> ProcStatMeter::Sample() {
  CpuSample sample{.at = BootTime()};
  ORCH_ASSIGN_OR_RETURN(const std::string text, ReadFile(path_, kMaxBytes));
  bool found = false;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    if (!absl::StartsWith(line, "cpu")) continue;
    if (line.size() > 3 && absl::ascii_isdigit(line[3])) {
      ++sample.processors;
      continue;
    }
    const std::vector<absl::string_view> fields = absl::StrSplit(line, ' ', absl::SkipEmpty());
    uint64_t idle = 0;
    uint64_t io_wait = 0;
    found = fields.size() > kIoWaitField && absl::SimpleAtoi(fields[kIdleField], &idle) &&
            absl::SimpleAtoi(fields[kIoWaitField], &io_wait);
    sample.idle = absl::Seconds(1) * static_cast<double>(idle + io_wait) /
                  static_cast<double>(::sysconf(_SC_CLK_TCK));
  }
  if (!found || sample.processors == 0) {
    return absl::InternalError(absl::StrCat(path_, " has no line that says how idle the CPUs are"));
  }
  return sample;
}

}  // namespace orch::agent
