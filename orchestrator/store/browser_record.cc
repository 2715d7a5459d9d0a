#include "orchestrator/store/browser_record.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/model/entity_id.h"
#include "orchestrator/store/record_checks.h"

namespace orch {
namespace {

std::string NameOf(const Browser& browser) {
  return absl::StrCat("record of browser ", browser.id.value());
}

// INVALID_ARGUMENT unless `holds`; `rule` says what must hold in which states.
absl::Status Check(const Browser& browser, bool holds, absl::string_view rule) {
  if (holds) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(NameOf(browser), ": ", rule, ", state is ", ToString(browser.state)));
}

// What goes with which state.
absl::Status CheckState(const Browser& browser) {
  const bool terminal = IsTerminal(browser.state);
  ORCH_RETURN_IF_ERROR(
      Check(browser, (browser.state == BrowserState::kFailed) == !browser.failure_reason.empty(),
            "failure_reason must be set in state FAILED and in no other"));
  ORCH_RETURN_IF_ERROR(Check(browser, terminal == browser.ended_at.has_value(),
                             "ended_at must be set in DELETED and FAILED and in no other state"));
  ORCH_RETURN_IF_ERROR(Check(
      browser,
      (browser.state == BrowserState::kStandby) == (browser.standby_level != StandbyLevel::kNone),
      "standby_level must be set in state STANDBY and in no other"));
  return Check(
      browser,
      !browser.vm.has_value() || (!terminal && browser.standby_level != StandbyLevel::kDisk),
      "vm must be absent in DELETED and FAILED and in standby on disk");
}

absl::Status CheckMembership(const Browser& browser) {
  if (browser.membership.has_value()) {
    ORCH_RETURN_IF_ERROR(CheckRecordGeneration(NameOf(browser), "membership.generation",
                                               browser.membership->generation));
  }
  ORCH_RETURN_IF_ERROR(
      Check(browser, browser.state != BrowserState::kAcquired || browser.acquired_at.has_value(),
            "acquired_at must be set in state ACQUIRED"));
  if (!browser.acquired_at.has_value()) return absl::OkStatus();
  ORCH_RETURN_IF_ERROR(Check(browser, browser.membership.has_value(),
                             "acquired_at is for browsers of a pool alone"));
  return Check(browser,
               browser.state != BrowserState::kCreating && browser.state != BrowserState::kReady,
               "acquired_at must be absent in CREATING and READY");
}

absl::Status CheckTemplate(const Browser& browser) {
  const std::string name = NameOf(browser);
  ORCH_RETURN_IF_ERROR(
      CheckRecordLength(name, "template_key", browser.template_key.size(), kMaxTemplateKeyBytes));
  if (browser.template_build.empty()) return absl::OkStatus();
  ORCH_RETURN_IF_ERROR(Check(browser, !browser.template_key.empty(),
                             "template_build must be empty when template_key is"));
  return CheckEntityId(absl::StrCat(name, ": template_build"), browser.template_build);
}

}  // namespace

absl::Status ValidateBrowserRecord(const Browser& browser) {
  const std::string name = NameOf(browser);
  ORCH_RETURN_IF_ERROR(CheckState(browser));
  ORCH_RETURN_IF_ERROR(CheckMembership(browser));
  ORCH_RETURN_IF_ERROR(CheckRecordLength(name, "failure_reason", browser.failure_reason.size(),
                                         kMaxFailureReasonBytes));
  ORCH_RETURN_IF_ERROR(
      CheckRecordLength(name, "image_digest", browser.image_digest.size(), kMaxImageDigestBytes));
  ORCH_RETURN_IF_ERROR(CheckTemplate(browser));
  ORCH_RETURN_IF_ERROR(CheckRecordTime(name, "created_at", browser.created_at));
  ORCH_RETURN_IF_ERROR(CheckRecordTime(name, "ready_at", browser.ready_at));
  ORCH_RETURN_IF_ERROR(CheckRecordTime(name, "acquired_at", browser.acquired_at));
  ORCH_RETURN_IF_ERROR(CheckRecordTime(name, "ended_at", browser.ended_at));
  return CheckRecordSpec(name, browser.spec);
}

}  // namespace orch
