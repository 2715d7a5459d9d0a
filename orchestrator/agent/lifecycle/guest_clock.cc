#include "orchestrator/agent/lifecycle/guest_clock.h"

#include <time.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"

#include "orchestrator/agent/loop/wall_time.h"

namespace orch::agent {

absl::Time KernelClock::Now() const { return WallTime(); }

absl::Status KernelClock::Set(absl::Time time) {
  const timespec value = absl::ToTimespec(time);
  if (::clock_settime(CLOCK_REALTIME, &value) != 0) {
    return absl::InternalError(absl::StrCat("cannot set the clock to ", absl::FormatTime(time),
                                            ": ", std::strerror(errno)));
  }
  return absl::OkStatus();
}

}  // namespace orch::agent
