#pragma once

#include <time.h>

#include "absl/time/time.h"

namespace orch::agent {

// Time since the kernel started, by a clock that nobody sets. Durations are measured with it,
// because the host sets the guest's wall clock when it resumes it.
inline absl::Duration BootTime() {
  timespec now;
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return absl::DurationFromTimespec(now);
}

}  // namespace orch::agent
