#pragma once

#include <sys/types.h>

#include <cstdint>

#include "absl/time/time.h"

#include "orchestrator/agent/child/cgroup_tree.h"

namespace orch::agent {

// What a process and its descendants use. I/O of those that ended counts where their parent waited
// for them.
struct TreeUsage {
  // Since the start; includes those that ended.
  absl::Duration cpu_time;
  // Resident now.
  uint64_t memory_bytes = 0;
  // From and to storage.
  uint64_t read_bytes = 0;
  uint64_t written_bytes = 0;
  uint32_t processes = 0;
};

// Reads /proc for what is in `cgroup`, at most 1024 processes; without one, for `pid` alone, with
// the time of the children that it waited for. What cannot be read is zero.
TreeUsage ReadTreeUsage(pid_t pid, const Cgroup* cgroup);

}  // namespace orch::agent
