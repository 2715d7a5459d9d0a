#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace orch::bench {

// The processor time that these processes have used, in user mode and in the kernel, to the 10 ms.
// Those that have ended are left out.
absl::Duration CpuTimeOf(const std::vector<int64_t>& pids);

// The processor time of this process.
absl::Duration OwnCpuTime();

// The sum of their proportional set sizes: each page counts once, however many of them share it.
// NOT_FOUND: one has ended.
absl::StatusOr<double> PssMibOf(const std::vector<int64_t>& pids);

}  // namespace orch::bench
