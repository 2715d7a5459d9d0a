#pragma once

#include <time.h>

#include "absl/time/time.h"

namespace orch::agent {

// The guest's wall clock, which the host sets when it resumes the guest. In the agent this stands
// for absl::Now(), which extrapolates by the processor's cycle counter and tells the old time for
// seconds after the clock was set.
inline absl::Time WallTime() {
  timespec now;
  ::clock_gettime(CLOCK_REALTIME, &now);
  return absl::TimeFromTimespec(now);
}

}  // namespace orch::agent
