#include "tests/bench/process_cost.h"

#include <sys/resource.h>
#include <unistd.h>

#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "orchestrator/base/files.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/metrics/process_memory.h"

namespace orch::bench {
namespace {

constexpr size_t kMaxProcFileBytes = 64 * 1024;
// proc(5): utime and stime are the 14th and 15th field, and the 12th and 13th after the program's
// name in parentheses.
constexpr size_t kUserTicksField = 11;
constexpr size_t kKernelTicksField = 12;

}  // namespace

absl::Duration CpuTimeOf(const std::vector<int64_t>& pids) {
  int64_t ticks = 0;
  for (const int64_t pid : pids) {
    const absl::StatusOr<std::string> text =
        ReadFile(absl::StrCat("/proc/", pid, "/stat"), kMaxProcFileBytes);
    if (!text.ok()) continue;
    const std::vector<std::string> fields = absl::StrSplit(text->substr(text->rfind(')') + 2), ' ');
    if (fields.size() <= kKernelTicksField) continue;
    int64_t user = 0;
    int64_t kernel = 0;
    if (absl::SimpleAtoi(fields[kUserTicksField], &user) &&
        absl::SimpleAtoi(fields[kKernelTicksField], &kernel)) {
      ticks += user + kernel;
    }
  }
  return absl::Seconds(static_cast<double>(ticks) / static_cast<double>(::sysconf(_SC_CLK_TCK)));
}

absl::Duration OwnCpuTime() {
  rusage usage = {};
  ::getrusage(RUSAGE_SELF, &usage);
  return absl::DurationFromTimeval(usage.ru_utime) + absl::DurationFromTimeval(usage.ru_stime);
}

absl::StatusOr<double> PssMibOf(const std::vector<int64_t>& pids) {
  double mib = 0;
  for (const int64_t pid : pids) {
    ORCH_ASSIGN_OR_RETURN(
        const std::string text,
        ReadFile(absl::StrCat("/proc/", pid, "/smaps_rollup"), kMaxProcFileBytes));
    ORCH_ASSIGN_OR_RETURN(const MemoryUse use, ParseSmapsRollup(text));
    mib += static_cast<double>(use.pss) / (1 << 20);
  }
  return mib;
}

}  // namespace orch::bench
