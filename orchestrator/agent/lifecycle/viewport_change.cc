#include "orchestrator/agent/lifecycle/viewport_change.h"

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/notification.h"

#include "orchestrator/agent/computer/resize_screen.h"
#include "orchestrator/agent/computer/x_connection.h"
#include "orchestrator/base/status_macros.h"

namespace orch::agent {
namespace {

absl::Status CheckSide(absl::string_view field, uint32_t pixels) {
  if (pixels >= 1 && pixels <= ViewportChange::kMaxPixels) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, " is ", pixels, "; it takes 1..", ViewportChange::kMaxPixels));
}

}  // namespace

absl::Status ViewportChange::Run(const guest::v1::SetViewportRequest& request,
                                 const CancelToken& cancel) {
  ORCH_RETURN_IF_ERROR(CheckSide("width", request.width()));
  ORCH_RETURN_IF_ERROR(CheckSide("height", request.height()));
  if (display_.empty()) {
    return absl::FailedPreconditionError(
        "the browser is headless and has no screen; create it headful, or use CDP "
        "Emulation.setDeviceMetricsOverride");
  }
  ORCH_ASSIGN_OR_RETURN(const auto connection, XConnection::Create(display_));
  ORCH_ASSIGN_OR_RETURN(const ScreenSize now, connection->GetScreenSize());
  if (now.width == static_cast<int>(request.width()) &&
      now.height == static_cast<int>(request.height())) {
    return absl::OkStatus();
  }
  absl::StatusOr<std::vector<std::shared_ptr<Recording>>> ending(absl::InternalError("not asked"));
  loop_.RunAndWait([&] { ending = recordings_.BeginResize(request.force()); });
  ORCH_RETURN_IF_ERROR(ending.status());
  const absl::Status status = Resize(request, cancel, *ending);
  std::vector<std::shared_ptr<Recording>> going_on;
  loop_.RunAndWait([&] {
    // Here, since this may be the last owner.
    ending->clear();
    going_on = recordings_.EndResize();
  });
  for (const std::shared_ptr<Recording>& recording : going_on) {
    Await(
        *recording, [](const Recording& each) { return each.begun() || each.ended(); }, kBeginTime);
  }
  loop_.RunAndWait([&] { going_on.clear(); });
  return status;
}

absl::Status ViewportChange::Resize(const guest::v1::SetViewportRequest& request,
                                    const CancelToken& cancel,
                                    const std::vector<std::shared_ptr<Recording>>& ending) {
  for (const std::shared_ptr<Recording>& recording : ending) {
    Await(
        *recording, [](const Recording& each) { return each.ended(); }, absl::InfiniteDuration());
  }
  ORCH_RETURN_IF_ERROR(cancel.status());
  return ResizeScreen(display_,
                      {static_cast<int>(request.width()), static_cast<int>(request.height())});
}

void ViewportChange::Await(Recording& recording, bool (*reached)(const Recording&),
                           absl::Duration timeout) {
  absl::Notification done;
  Recording::SubscriptionId subscription = 0;
  const auto tell = [&] {
    if (reached(recording) && !done.HasBeenNotified()) done.Notify();
  };
  loop_.RunAndWait([&] {
    subscription = recording.Subscribe(tell);
    tell();
  });
  done.WaitForNotificationWithTimeout(timeout);
  loop_.RunAndWait([&] { recording.Unsubscribe(subscription); });
}

}  // namespace orch::agent
