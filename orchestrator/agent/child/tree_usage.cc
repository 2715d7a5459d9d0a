#include "orchestrator/agent/child/tree_usage.h"

#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

#include "orchestrator/base/files.h"

namespace orch::agent {
namespace {

constexpr size_t kMaxProcesses = 1024;
constexpr size_t kMaxFileBytes = 4096;
// Fields of /proc/PID/stat after the name in brackets, see proc(5): utime, stime, cutime, cstime.
constexpr size_t kFirstTimeField = 11;
constexpr size_t kTimeFields = 4;

std::string ReadOf(pid_t pid, const char* file) {
  return ReadFile(absl::StrCat("/proc/", pid, "/", file), kMaxFileBytes).value_or("");
}

uint64_t Number(absl::string_view text) {
  uint64_t number = 0;
  return absl::SimpleAtoi(text, &number) ? number : 0;
}

void AddMemoryAndIo(pid_t pid, TreeUsage& usage) {
  const std::string memory = ReadOf(pid, "statm");
  const std::vector<absl::string_view> pages = absl::StrSplit(memory, ' ');
  if (pages.size() < 2) return;
  ++usage.processes;
  usage.memory_bytes += Number(pages[1]) * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  const std::string io = ReadOf(pid, "io");
  for (const absl::string_view line : absl::StrSplit(io, '\n')) {
    const std::pair<absl::string_view, absl::string_view> field = absl::StrSplit(line, ": ");
    if (field.first == "read_bytes") usage.read_bytes += Number(field.second);
    if (field.first == "write_bytes") usage.written_bytes += Number(field.second);
  }
}

absl::Duration CpuTimeOf(pid_t pid) {
  const std::string text = ReadOf(pid, "stat");
  // The name may have anything in it.
  const size_t name_end = text.rfind(") ");
  if (name_end == std::string::npos) return absl::ZeroDuration();
  const std::vector<absl::string_view> fields =
      absl::StrSplit(absl::string_view(text).substr(name_end + 2), ' ');
  uint64_t ticks = 0;
  for (size_t i = kFirstTimeField; i < kFirstTimeField + kTimeFields && i < fields.size(); ++i) {
    ticks += Number(fields[i]);
  }
  return absl::Seconds(1) * ticks / ::sysconf(_SC_CLK_TCK);
}

}  // namespace

TreeUsage ReadTreeUsage(pid_t pid, const Cgroup* cgroup) {
  TreeUsage usage;
  const std::vector<pid_t> pids =
      cgroup == nullptr ? std::vector<pid_t>{pid} : cgroup->Processes(kMaxProcesses);
  for (const pid_t each : pids) AddMemoryAndIo(each, usage);
  if (cgroup != nullptr) usage.cpu_time = cgroup->CpuTime();
  // Also where the kernel does not tell.
  if (usage.cpu_time == absl::ZeroDuration()) usage.cpu_time = CpuTimeOf(pid);
  return usage;
}

}  // namespace orch::agent
