#include "orchestrator/agent/lifecycle/idle_wait.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#include "orchestrator/base/status_macros.h"

namespace orch::agent {

IdleWait::IdleWait(CpuMeter& meter, Sleep sleep) : meter_(meter), sleep_(std::move(sleep)) {}

absl::StatusOr<absl::Duration> IdleWait::Wait(absl::Duration timeout, const CancelToken& cancel) {
  ORCH_ASSIGN_OR_RETURN(const CpuSample start, meter_.Sample());
  CpuSample last = start;
  // The windows after it were quiet.
  CpuSample quiet_since = start;
  double busy = 0;
  int quiet = 0;
  while (last.at + kWindow <= start.at + timeout) {
    ORCH_RETURN_IF_ERROR(cancel.status());
    sleep_(kWindow);
    ORCH_ASSIGN_OR_RETURN(const CpuSample now, meter_.Sample());
    busy = BusyProcessors(last, now);
    last = now;
    if (busy > kMaxBusy) {
      quiet = 0;
      quiet_since = now;
    } else if (++quiet == kQuietWindows) {
      return quiet_since.at - start.at;
    }
  }
  return absl::DeadlineExceededError(
      absl::StrCat("the guest was not idle within ", absl::FormatDuration(timeout), ": ",
                   absl::StrFormat("%.2f", busy), " processors were busy at the end"));
}

}  // namespace orch::agent
