#include "orchestrator/server/browser_proto.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/server/proto_time.h"

namespace orch {

orchestrator::v1::BrowserSpec ToProto(const BrowserSpec& spec) {
  orchestrator::v1::BrowserSpec proto;
  proto.set_image(spec.image);
  proto.set_headless(spec.headless);
  proto.set_memory_mib(spec.memory_mib);
  proto.set_vcpus(spec.vcpus);
  if (spec.viewport.has_value()) {
    proto.mutable_viewport()->set_width(spec.viewport->width_px);
    proto.mutable_viewport()->set_height(spec.viewport->height_px);
  }
  proto.set_kiosk_mode(spec.kiosk_mode);
  proto.set_timeout_seconds(static_cast<uint32_t>(absl::ToInt64Seconds(spec.timeout)));
  if (spec.standby_after == absl::InfiniteDuration()) {
    proto.set_standby_disabled(true);
  } else if (spec.standby_after.has_value()) {
    *proto.mutable_standby_after() = ToProto(*spec.standby_after);
  }
  return proto;
}

orchestrator::v1::Browser ToProto(const Browser& browser) {
  orchestrator::v1::Browser proto;
  proto.set_session_id(browser.id.value());
  *proto.mutable_spec() = ToProto(browser.spec);
  proto.set_state(static_cast<orchestrator::v1::BrowserState>(browser.state));
  proto.set_failure_reason(browser.failure_reason);
  *proto.mutable_created_at() = ToProto(browser.created_at);
  if (browser.ready_at.has_value()) *proto.mutable_ready_at() = ToProto(*browser.ready_at);
  if (browser.ended_at.has_value()) *proto.mutable_ended_at() = ToProto(*browser.ended_at);
  proto.set_image_digest(browser.image_digest);
  if (browser.membership.has_value()) proto.set_pool_id(browser.membership->pool.value());
  if (browser.acquired_at.has_value()) *proto.mutable_acquired_at() = ToProto(*browser.acquired_at);
  proto.set_standby_level(static_cast<orchestrator::v1::StandbyLevel>(browser.standby_level));
  proto.set_template_key(browser.template_key);
  return proto;
}

absl::StatusOr<BrowserSpec> FromProto(const orchestrator::v1::BrowserSpec& proto) {
  BrowserSpec spec{.image = proto.image(),
                   .headless = proto.headless(),
                   .memory_mib = proto.memory_mib(),
                   .vcpus = proto.vcpus(),
                   .viewport = std::nullopt,
                   .kiosk_mode = proto.kiosk_mode(),
                   .timeout = absl::Seconds(proto.timeout_seconds()),
                   .standby_after = std::nullopt};
  if (proto.has_viewport()) {
    spec.viewport =
        Viewport{.width_px = proto.viewport().width(), .height_px = proto.viewport().height()};
  }
  ORCH_ASSIGN_OR_RETURN(spec.standby_after,
                        StandbyAfterFromProto(proto.has_standby_after(), proto.standby_after(),
                                              proto.standby_disabled()));
  return spec;
}

absl::StatusOr<std::optional<absl::Duration>> StandbyAfterFromProto(
    bool has_standby_after, const google::protobuf::Duration& standby_after,
    bool standby_disabled) {
  if (has_standby_after && standby_disabled) {
    return absl::InvalidArgumentError("standby_after must be absent: standby_disabled is set");
  }
  if (standby_disabled) return absl::InfiniteDuration();
  if (has_standby_after) return FromProto(standby_after);
  return std::nullopt;
}

absl::StatusOr<BrowserState> FromProto(orchestrator::v1::BrowserState state,
                                       absl::string_view field) {
  const std::optional<BrowserState> known = BrowserStateFromNumber(static_cast<int>(state));
  if (known.has_value()) return *known;
  return absl::InvalidArgumentError(
      absl::StrCat(field, " has ", static_cast<int>(state), ", which is not a browser state"));
}

}  // namespace orch
