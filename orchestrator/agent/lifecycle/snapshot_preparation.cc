#include "orchestrator/agent/lifecycle/snapshot_preparation.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "orchestrator/agent/lifecycle/chromium_pages.h"
#include "orchestrator/agent/lifecycle/idle_wait.h"
#include "orchestrator/base/status_macros.h"

namespace orch::agent {
namespace {

// On a busy host without hardware virtualization a fresh Chromium answers after seconds.
constexpr absl::Duration kPagesTimeout = absl::Seconds(30);

absl::Status CheckTimeout(absl::Duration idle_timeout) {
  if (idle_timeout >= absl::ZeroDuration() &&
      idle_timeout <= SnapshotPreparation::kMaxIdleTimeout) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("idle_timeout is ", absl::FormatDuration(idle_timeout), "; it must be 0..",
                   absl::FormatDuration(SnapshotPreparation::kMaxIdleTimeout)));
}

}  // namespace

SnapshotPreparation::SnapshotPreparation(Options options) : options_(std::move(options)) {}

absl::StatusOr<absl::Duration> SnapshotPreparation::Run(
    absl::Duration idle_timeout, absl::FunctionRef<absl::Status()> check_programs,
    const CancelToken& cancel) {
  ORCH_RETURN_IF_ERROR(CheckTimeout(idle_timeout));
  ORCH_RETURN_IF_ERROR(check_programs());
  ORCH_RETURN_IF_ERROR(ShowBlankAlone(cancel));
  absl::StatusOr<absl::Duration> idle_after = absl::ZeroDuration();
  if (idle_timeout > absl::ZeroDuration()) {
    idle_after = IdleWait(options_.meter, options_.sleep).Wait(idle_timeout, cancel);
  }
  if (!idle_after.ok() && !absl::IsDeadlineExceeded(idle_after.status())) return idle_after;
  ORCH_RETURN_IF_ERROR(options_.flush());
  ORCH_RETURN_IF_ERROR(check_programs());
  return idle_after;
}

absl::Status SnapshotPreparation::ShowBlankAlone(const CancelToken& cancel) const {
  if (!options_.devtools_port.has_value()) return absl::OkStatus();
  const absl::Status shown =
      ChromiumPages(*options_.devtools_port, options_.sleep).ShowBlankAlone(kPagesTimeout, cancel);
  if (shown.ok() || !cancel.status().ok()) return shown;
  return absl::FailedPreconditionError(shown.message());
}

}  // namespace orch::agent
