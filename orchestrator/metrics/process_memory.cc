#include "orchestrator/metrics/process_memory.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

#include "orchestrator/base/files.h"
#include "orchestrator/base/status_macros.h"

namespace orch {
namespace {

// About 700 bytes on Linux 6.
constexpr size_t kMaxRollupBytes = 64 << 10;

}  // namespace

MemoryUse& MemoryUse::operator+=(const MemoryUse& other) {
  rss += other.rss;
  pss += other.pss;
  shared += other.shared;
  unique += other.unique;
  swap += other.swap;
  return *this;
}

absl::StatusOr<MemoryUse> ParseSmapsRollup(absl::string_view text) {
  MemoryUse use;
  bool has_rss = false;
  bool has_pss = false;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    const std::pair<absl::string_view, absl::string_view> field =
        absl::StrSplit(line, absl::MaxSplits(':', 1));
    uint64_t* target = nullptr;
    if (field.first == "Rss") target = &use.rss;
    if (field.first == "Pss") target = &use.pss;
    if (field.first == "Shared_Clean" || field.first == "Shared_Dirty") target = &use.shared;
    if (field.first == "Private_Clean" || field.first == "Private_Dirty") target = &use.unique;
    if (field.first == "Swap") target = &use.swap;
    if (target == nullptr) continue;
    has_rss |= target == &use.rss;
    has_pss |= target == &use.pss;
    absl::string_view value = field.second;
    uint32_t kib = 0;  // 4 TiB.
    if (!absl::ConsumeSuffix(&value, " kB") || !absl::SimpleAtoi(value, &kib)) {
      return absl::InvalidArgumentError(absl::StrCat("not smaps_rollup: \"", line, "\""));
    }
    *target += uint64_t{kib} * 1024;
  }
  if (!has_rss || !has_pss) return absl::InvalidArgumentError("not smaps_rollup: no Rss or no Pss");
  return use;
}

ProcessMemory::Total ProcessMemory::Measure(const std::vector<int64_t>& pids) {
  for (const int64_t pid : TakeDue(pids)) {
    const auto text =
        ReadFile(absl::StrCat(options_.proc_dir, "/", pid, "/smaps_rollup"), kMaxRollupBytes);
    Store(pid, text.ok() ? ParseSmapsRollup(*text) : text.status());
  }
  Total total;
  absl::MutexLock lock(&mutex_);
  for (const auto& [pid, process] : processes_) {
    if (!process.known) continue;
    ++total.measured;
    total.use += process.use;
  }
  return total;
}

std::vector<int64_t> ProcessMemory::TakeDue(const std::vector<int64_t>& pids) {
  const absl::Duration now = clock_.Uptime();
  const std::set<int64_t> wanted(pids.begin(), pids.end());
  std::vector<std::pair<absl::Duration, int64_t>> due;
  absl::MutexLock lock(&mutex_);
  std::erase_if(processes_, [&](const auto& entry) { return !wanted.contains(entry.first); });
  for (const int64_t pid : wanted) {
    const Process& process = processes_[pid];
    if (now - process.read_at >= options_.max_age) due.emplace_back(process.read_at, pid);
  }
  std::sort(due.begin(), due.end());
  if (due.size() > options_.max_reads) due.resize(options_.max_reads);
  std::vector<int64_t> taken;
  for (const auto& [read_at, pid] : due) {
    processes_[pid].read_at = now;
    taken.push_back(pid);
  }
  return taken;
}

void ProcessMemory::Store(int64_t pid, const absl::StatusOr<MemoryUse>& use) {
  absl::MutexLock lock(&mutex_);
  const auto process = processes_.find(pid);
  if (process == processes_.end()) return;
  process->second.known = use.ok();
  if (use.ok()) process->second.use = *use;
}

}  // namespace orch
