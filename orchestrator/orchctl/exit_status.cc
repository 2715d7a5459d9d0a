#include "orchestrator/orchctl/exit_status.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace orch::ctl {

absl::StatusOr<int> ExitStatusOf(const guest::v1::Process& process) {
  switch (process.status()) {
    case guest::v1::PROCESS_STATUS_EXITED:
      if (process.exit_code() >= 0 && process.exit_code() <= 255) return process.exit_code();
      return absl::InternalError(absl::StrCat("the guest reports exit code ", process.exit_code(),
                                              ", which is not 0..255"));
    case guest::v1::PROCESS_STATUS_KILLED:
      if (process.signal() >= 1 && process.signal() <= 64) {
        return kExitSignalBase + process.signal();
      }
      return absl::InternalError(
          absl::StrCat("the guest reports signal ", process.signal(), ", which is not 1..64"));
    case guest::v1::PROCESS_STATUS_TIMED_OUT:
      return kExitTimedOut;
    case guest::v1::PROCESS_STATUS_RUNNING:
      return absl::FailedPreconditionError(
          absl::StrCat("process ", process.process_id(), " is still running"));
    default:
      return absl::InternalError(
          absl::StrCat("the guest reports unknown process status ", process.status()));
  }
}

}  // namespace orch::ctl
