#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "orchestrator/base/clock.h"

namespace orch {

// Memory of processes, in bytes, as the kernel counts it: proc(5), smaps_rollup.
struct MemoryUse {
  // Resident: shared pages count in each process.
  uint64_t rss = 0;
  // Each page divided by the number of processes that share it; adds up to what is really used.
  uint64_t pss = 0;
  // Pages that others have, too, such as a template's; and those that go when the process goes.
  uint64_t shared = 0;
  uint64_t unique = 0;
  uint64_t swap = 0;

  MemoryUse& operator+=(const MemoryUse& other);
  friend bool operator==(const MemoryUse&, const MemoryUse&) = default;
};

// The text of a smaps_rollup file. INVALID_ARGUMENT when it lacks Rss or Pss or has a number that
// is none.
absl::StatusOr<MemoryUse> ParseSmapsRollup(absl::string_view text);

// Adds up the memory of many processes without reading all of them at every question: the kernel
// walks a process's page tables for each answer. Thread-safe; blocks on /proc, without a lock held.
class ProcessMemory {
 public:
  struct Options {
    std::string proc_dir = "/proc";
    // A process is read again when what is known of it is older.
    absl::Duration max_age = absl::Seconds(10);
    // So many are read at most for one question, those first that were not read for longest. One
    // takes 3-8 ms with 500 MB resident (measured).
    size_t max_reads = 32;
  };

  struct Total {
    // Processes of which something is known.
    size_t measured = 0;
    MemoryUse use;
  };

  ProcessMemory(Options options, const Clock& clock)
      : options_(std::move(options)), clock_(clock) {}

  // Of `pids`; forgets all others. Those that cannot be read, because they have ended or belong to
  // another user, are left out.
  Total Measure(const std::vector<int64_t>& pids);

 private:
  struct Process {
    // Of the clock's uptime.
    absl::Duration read_at = -absl::InfiniteDuration();
    bool known = false;
    MemoryUse use;
  };

  // Keeps `pids` alone, and returns those to read now, which count as read from here on.
  std::vector<int64_t> TakeDue(const std::vector<int64_t>& pids);
  void Store(int64_t pid, const absl::StatusOr<MemoryUse>& use);

  const Options options_;
  const Clock& clock_;
  absl::Mutex mutex_;
  std::map<int64_t, Process> processes_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace orch
