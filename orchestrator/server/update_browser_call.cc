#include "orchestrator/server/update_browser_call.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

#include "orchestrator/base/annotate.h"
#include "orchestrator/base/grpc_status.h"
#include "orchestrator/base/status_macros.h"
#include "orchestrator/browser/resolve_spec.h"
#include "orchestrator/server/browser_proto.h"

namespace orch {
namespace {

absl::StatusOr<BrowserRegistry::Changes> ChangesOf(
    const orchestrator::v1::UpdateBrowserRequest& request) {
  BrowserRegistry::Changes changes;
  if (request.has_timeout_seconds()) changes.timeout = absl::Seconds(request.timeout_seconds());
  ORCH_ASSIGN_OR_RETURN(changes.standby_after,
                        StandbyAfterFromProto(request.has_standby_after(), request.standby_after(),
                                              request.standby_disabled()));
  if (!changes.standby_after.has_value() && request.has_standby_disabled()) {
    changes.standby_after = kDefaultStandbyAfter;  // Enabled again.
  }
  // Before the guest is told anything.
  ORCH_RETURN_IF_ERROR(CheckTimes(changes.timeout, changes.standby_after));
  if (request.has_viewport()) {
    const Viewport wanted = {.width_px = request.viewport().width(),
                             .height_px = request.viewport().height()};
    ORCH_ASSIGN_OR_RETURN(changes.viewport, ResolveViewport(wanted, "viewport"));
  } else if (request.force_viewport()) {
    return absl::InvalidArgumentError("force_viewport is for a viewport only");
  }
  return changes;
}

}  // namespace

void UpdateBrowserCall::Start(const orchestrator::v1::UpdateBrowserRequest& request,
                              absl::Time deadline) {
  if (absl::Status status = Read(request); !status.ok()) return Finish(ToGrpcStatus(status));
  if (!changes_.viewport.has_value()) return Record();
  guest_request_.set_width(changes_.viewport->width_px);
  guest_request_.set_height(changes_.viewport->height_px);
  guest_request_.set_force(request.force_viewport());
  deadline = std::min(deadline, absl::Now() + kGuestTime);
  guest_context_.set_deadline(absl::ToChronoTime(deadline));
  registry_.Lease(*id_, deadline,
                  [this](absl::StatusOr<GuestLease> lease) { OnLease(std::move(lease)); });
}

absl::Status UpdateBrowserCall::Read(const orchestrator::v1::UpdateBrowserRequest& request) {
  ORCH_ASSIGN_OR_RETURN(id_, SessionId::Parse(request.session_id()));
  ORCH_ASSIGN_OR_RETURN(changes_, ChangesOf(request));
  if (!changes_.viewport.has_value()) return absl::OkStatus();
  // Who does not live is named by the lease.
  const absl::StatusOr<Browser> browser = registry_.records().GetLive(*id_);
  if (!browser.ok() || browser->spec.viewport.has_value()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("browser ", id_->value(),
                   " is headless and has no screen: its viewport cannot be changed; create it "
                   "headful, or use CDP Emulation.setDeviceMetricsOverride"));
}

void UpdateBrowserCall::OnLease(absl::StatusOr<GuestLease> lease) {
  if (!lease.ok()) return Finish(ToGrpcStatus(lease.status()));
  lease_.emplace(*std::move(lease));
  revocation_.emplace(lease_->revoked(), [this] { guest_context_.TryCancel(); });
  guest_ = guest::v1::LifecycleService::NewStub(lease_->channel());
  guest_->async()->SetViewport(&guest_context_, &guest_request_, &guest_response_,
                               [this](const grpc::Status& status) { OnGuestDone(status); });
}

void UpdateBrowserCall::OnGuestDone(const grpc::Status& status) {
  absl::Status outcome = FromGrpcStatus(status);
  const absl::Status revoked = lease_->revoked().status();
  // Without trailers the connection broke; with them the guest itself says so.
  if (absl::IsUnavailable(outcome) && guest_context_.GetServerTrailingMetadata().empty()) {
    lease_->ReportBroken();
  }
  revocation_.reset();
  lease_.reset();
  if (!outcome.ok()) {
    if (!revoked.ok()) outcome = revoked;
    return Finish(ToGrpcStatus(Annotate(outcome, absl::StrCat("browser ", id_->value()))));
  }
  Record();
}

void UpdateBrowserCall::Record() {
  registry_.Update(*id_, changes_, [this](const absl::StatusOr<Browser>& browser) {
    if (browser.ok()) response_ = ToProto(*browser);
    Finish(ToGrpcStatus(browser.status()));
  });
}

}  // namespace orch
