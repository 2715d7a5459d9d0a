#include "orchestrator/gateway/kernel/browser_fields.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

#include "orchestrator/gateway/routes/browser_urls.h"

namespace orch::gateway {
namespace {

using ::orchestrator::v1::Browser;
using ::orchestrator::v1::BrowserSpec;
using ::orchestrator::v1::Viewport;

constexpr int64_t kMinTimeout = 10;
constexpr int64_t kMaxTimeout = 259200;
constexpr int64_t kMaxPixels = 1 << 20;

// The rate of each size that the API knows, which a viewport without a rate gets: the only one that
// may be asked for, since rates have no effect here.
int64_t RefreshRateOf(const Viewport& viewport) {
  struct Preset {
    uint32_t width, height;
    int64_t rate;
  };
  static constexpr Preset kPresets[] = {{2560, 1440, 10}, {1280, 800, 60}, {1200, 800, 60},
                                        {1024, 768, 60},  {768, 1024, 60}, {390, 844, 60}};
  const auto found =
      std::find_if(std::begin(kPresets), std::end(kPresets), [&](const Preset& preset) {
        return preset.width == viewport.width() && preset.height == viewport.height();
      });
  return found == std::end(kPresets) ? 25 : found->rate;
}

void ReadViewport(JsonFields& fields, Viewport& viewport) {
  for (const char* side : {"width", "height"}) {
    if (!fields.Has(side)) fields.Refuse(side, absl::StatusCode::kInvalidArgument, "is required");
  }
  viewport.set_width(static_cast<uint32_t>(fields.Integer("width", 1, kMaxPixels).value_or(0)));
  viewport.set_height(static_cast<uint32_t>(fields.Integer("height", 1, kMaxPixels).value_or(0)));
  fields.NoEffectYet("refresh_rate", RefreshRateOf(viewport));
}

absl::Time ToTime(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

}  // namespace

void ReadBrowserFields(JsonFields& body, BrowserSpec& spec) {
  if (const auto headless = body.Bool("headless")) spec.set_headless(*headless);
  if (const auto seconds = body.Integer("timeout_seconds", kMinTimeout, kMaxTimeout)) {
    spec.set_timeout_seconds(static_cast<uint32_t>(*seconds));
  }
  if (const auto kiosk = body.Bool("kiosk_mode")) spec.set_kiosk_mode(*kiosk);
  // A pool that becomes headless has no screen any more.
  if (spec.headless()) spec.clear_viewport();
  body.Object("viewport",
              [&](JsonFields& fields) { ReadViewport(fields, *spec.mutable_viewport()); });
  if (spec.headless() && spec.has_viewport()) {
    body.Refuse("viewport", absl::StatusCode::kUnimplemented,
                "of a headless browser has no effect yet: leave it out");
  }
  if (spec.headless() && spec.kiosk_mode()) {
    body.Refuse("kiosk_mode", absl::StatusCode::kUnimplemented,
                "of a headless browser has no effect: leave it out");
  }
  body.NoEffectYet("stealth", false);
  body.NoEffectYet("profile", nullptr);
  body.NoEffectYet("extensions", nullptr);
  body.NoEffectYet("proxy_id", nullptr);
  body.NoEffectYet("chrome_policy", nullptr);
  body.NoEffectYet("start_url", nullptr);
  body.NoEffectYet("telemetry", {{"enabled", false}});
}

void ReadViewportUpdate(JsonFields& body, orchestrator::v1::UpdateBrowserRequest& request) {
  body.Object("viewport", [&](JsonFields& fields) {
    ReadViewport(fields, *request.mutable_viewport());
    request.set_force_viewport(fields.Bool("force").value_or(false));
  });
}

std::string TimeJson(const google::protobuf::Timestamp& time) { return TimeJson(ToTime(time)); }

std::string TimeJson(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", time, absl::UTCTimeZone());
}

nlohmann::json ViewportJson(const Viewport& viewport) {
  return {{"width", viewport.width()},
          {"height", viewport.height()},
          {"refresh_rate", RefreshRateOf(viewport)}};
}

const char* StateName(orchestrator::v1::BrowserState state) {
  switch (state) {
    case orchestrator::v1::BROWSER_STATE_CREATING:
      return "creating";
    case orchestrator::v1::BROWSER_STATE_READY:
      return "ready";
    case orchestrator::v1::BROWSER_STATE_ACQUIRED:
      return "acquired";
    case orchestrator::v1::BROWSER_STATE_STANDBY:
      return "standby";
    case orchestrator::v1::BROWSER_STATE_DELETING:
      return "deleting";
    case orchestrator::v1::BROWSER_STATE_DELETED:
      return "deleted";
    default:
      return "failed";
  }
}

bool HasEnded(const Browser& browser) {
  return browser.state() == orchestrator::v1::BROWSER_STATE_DELETING ||
         browser.state() == orchestrator::v1::BROWSER_STATE_DELETED ||
         browser.state() == orchestrator::v1::BROWSER_STATE_FAILED;
}

nlohmann::json BrowserJson(const Browser& browser, const Call& call) {
  const absl::Time now = call.backend().clock.Now();
  const absl::Time end = browser.has_ended_at() ? ToTime(browser.ended_at()) : now;
  const BrowserUrls urls(browser, call);
  nlohmann::json json = {
      {"session_id", browser.session_id()},
      {"created_at", TimeJson(browser.created_at())},
      {"cdp_ws_url", urls.Cdp()},
      {"webdriver_ws_url", urls.WebDriver()},
      {"headless", browser.spec().headless()},
      {"stealth", false},
      {"gpu", false},
      {"kiosk_mode", browser.spec().kiosk_mode()},
      {"timeout_seconds", browser.spec().timeout_seconds()},
      {"usage",
       {{"uptime_ms",
         std::max<int64_t>(0, absl::ToInt64Milliseconds(end - ToTime(browser.created_at())))}}}};
  // Who asked for no screen gets no address of one.
  if (!browser.spec().headless()) json["browser_live_view_url"] = urls.LiveView();
  if (browser.spec().has_viewport()) json["viewport"] = ViewportJson(browser.spec().viewport());
  if (!browser.pool_id().empty()) json["pool"] = {{"id", browser.pool_id()}};
  if (browser.has_ended_at()) json["deleted_at"] = TimeJson(browser.ended_at());
  return json;
}

}  // namespace orch::gateway
