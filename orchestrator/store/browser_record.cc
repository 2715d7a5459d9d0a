#include "orchestrator/store/browser_record.h"

#include <cstdint>
#include <limits>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "orchestrator/base/status_macros.h"

namespace orch {
namespace {

absl::Status Invalid(const Browser& browser, absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("record of browser ", browser.id.value(), ": ", what));
}

absl::Status CheckTime(const Browser& browser, absl::string_view field,
                       const std::optional<absl::Time>& time) {
  if (!time.has_value()) return absl::OkStatus();
  if (*time >= absl::UnixEpoch() &&
      *time <= absl::FromUnixNanos(std::numeric_limits<int64_t>::max())) {
    return absl::OkStatus();
  }
  return Invalid(browser, absl::StrCat(field, " is ", absl::FormatTime(*time, absl::UTCTimeZone()),
                                       ", must be from 1970 to 2262"));
}

absl::Status CheckLength(const Browser& browser, absl::string_view field, size_t bytes,
                         size_t max_bytes) {
  if (bytes <= max_bytes) return absl::OkStatus();
  return Invalid(browser,
                 absl::StrCat(field, " has ", bytes, " bytes, must be at most ", max_bytes));
}

absl::Status CheckSpec(const Browser& browser) {
  const BrowserSpec& spec = browser.spec;
  ORCH_RETURN_IF_ERROR(CheckLength(browser, "image", spec.image.size(), kMaxImageNameBytes));
  if (spec.vcpus > kMaxVcpus) {
    return Invalid(browser, absl::StrCat("vcpus is ", spec.vcpus, ", must be at most ", kMaxVcpus));
  }
  if (!spec.viewport.has_value()) return absl::OkStatus();
  for (const uint32_t pixels : {spec.viewport->width_px, spec.viewport->height_px}) {
    if (pixels < 1 || pixels > kMaxViewportPx) {
      return Invalid(browser, absl::StrCat("viewport is ", spec.viewport->width_px, "x",
                                           spec.viewport->height_px, ", must be 1 to ",
                                           kMaxViewportPx, " pixels each way"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ValidateBrowserRecord(const Browser& browser) {
  const bool failed = browser.state == BrowserState::kFailed;
  if (failed == browser.failure_reason.empty()) {
    return Invalid(
        browser,
        absl::StrCat("failure_reason must be set in state FAILED and in no other, state is ",
                     ToString(browser.state)));
  }
  if (IsTerminal(browser.state) != browser.ended_at.has_value()) {
    return Invalid(
        browser,
        absl::StrCat("ended_at must be set in DELETED and FAILED and in no other state, state is ",
                     ToString(browser.state)));
  }
  ORCH_RETURN_IF_ERROR(CheckLength(browser, "failure_reason", browser.failure_reason.size(),
                                   kMaxFailureReasonBytes));
  ORCH_RETURN_IF_ERROR(
      CheckLength(browser, "image_digest", browser.image_digest.size(), kMaxImageDigestBytes));
  ORCH_RETURN_IF_ERROR(CheckTime(browser, "created_at", browser.created_at));
  ORCH_RETURN_IF_ERROR(CheckTime(browser, "ready_at", browser.ready_at));
  ORCH_RETURN_IF_ERROR(CheckTime(browser, "ended_at", browser.ended_at));
  return CheckSpec(browser);
}

}  // namespace orch
