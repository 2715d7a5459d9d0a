#include "orchestrator/gateway/kernel/pool_fields.h"

#include "orchestrator/gateway/kernel/browser_fields.h"

namespace orch::gateway {
namespace {

constexpr int64_t kMaxSize = 10'000;
constexpr int64_t kMaxFillRate = 1'000'000;

}  // namespace

void ReadPoolFields(JsonFields& body, orchestrator::v1::PoolSpec& spec) {
  if (const auto name = body.String("name"); name.has_value() && !name->empty())
    spec.set_name(*name);
  if (const auto size = body.Integer("size", 1, kMaxSize))
    spec.set_size(static_cast<uint32_t>(*size));
  if (const auto rate = body.Integer("fill_rate_per_minute", 0, kMaxFillRate)) {
    spec.set_fill_rate_per_minute(static_cast<uint32_t>(*rate));
  }
  ReadBrowserFields(body, *spec.mutable_browser());
  body.NoEffectYet("refresh_on_profile_update", false);
}

nlohmann::json PoolJson(const orchestrator::v1::Pool& pool) {
  const orchestrator::v1::BrowserSpec& browser = pool.spec().browser();
  nlohmann::json config = {{"size", pool.spec().size()},
                           {"fill_rate_per_minute", pool.spec().fill_rate_per_minute()},
                           {"timeout_seconds", browser.timeout_seconds()},
                           {"stealth", false},
                           {"headless", browser.headless()},
                           {"kiosk_mode", browser.kiosk_mode()}};
  if (browser.has_viewport()) config["viewport"] = ViewportJson(browser.viewport());
  nlohmann::json json = {{"id", pool.pool_id()},
                         {"available_count", pool.available_count()},
                         {"acquired_count", pool.acquired_count()},
                         {"created_at", TimeJson(pool.created_at())},
                         {"extension_ids", nlohmann::json::array()}};
  if (!pool.spec().name().empty()) {
    config["name"] = pool.spec().name();
    json["name"] = pool.spec().name();
  }
  json["browser_pool_config"] = std::move(config);
  return json;
}

}  // namespace orch::gateway
