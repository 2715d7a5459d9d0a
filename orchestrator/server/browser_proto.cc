#include "orchestrator/server/browser_proto.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/server/proto_time.h"

namespace orch {

orchestrator::v1::Browser ToProto(const Browser& browser) {
  orchestrator::v1::Browser proto;
  proto.set_session_id(browser.id.value());
  orchestrator::v1::BrowserSpec& spec = *proto.mutable_spec();
  spec.set_image(browser.spec.image);
  spec.set_headless(browser.spec.headless);
  spec.set_memory_mib(browser.spec.memory_mib);
  spec.set_vcpus(browser.spec.vcpus);
  if (browser.spec.viewport.has_value()) {
    spec.mutable_viewport()->set_width(browser.spec.viewport->width_px);
    spec.mutable_viewport()->set_height(browser.spec.viewport->height_px);
  }
  spec.set_kiosk_mode(browser.spec.kiosk_mode);
  proto.set_state(static_cast<orchestrator::v1::BrowserState>(browser.state));
  proto.set_failure_reason(browser.failure_reason);
  *proto.mutable_created_at() = ToProto(browser.created_at);
  if (browser.ready_at.has_value()) *proto.mutable_ready_at() = ToProto(*browser.ready_at);
  if (browser.ended_at.has_value()) *proto.mutable_ended_at() = ToProto(*browser.ended_at);
  proto.set_image_digest(browser.image_digest);
  return proto;
}

BrowserSpec FromProto(const orchestrator::v1::BrowserSpec& proto) {
  BrowserSpec spec{.image = proto.image(),
                   .headless = proto.headless(),
                   .memory_mib = proto.memory_mib(),
                   .vcpus = proto.vcpus(),
                   .viewport = std::nullopt,
                   .kiosk_mode = proto.kiosk_mode()};
  if (proto.has_viewport()) {
    spec.viewport =
        Viewport{.width_px = proto.viewport().width(), .height_px = proto.viewport().height()};
  }
  return spec;
}

absl::StatusOr<BrowserState> FromProto(orchestrator::v1::BrowserState state,
                                       absl::string_view field) {
  const std::optional<BrowserState> known = BrowserStateFromNumber(static_cast<int>(state));
  if (known.has_value()) return *known;
  return absl::InvalidArgumentError(
      absl::StrCat(field, " has ", static_cast<int>(state), ", which is not a browser state"));
}

}  // namespace orch
