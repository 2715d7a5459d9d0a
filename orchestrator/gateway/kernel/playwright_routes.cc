#include "orchestrator/gateway/kernel/playwright_routes.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/gateway/json/json_fields.h"

namespace orch::gateway {
namespace {

using ::guest::v1::ExecuteRequest;
using ::guest::v1::ExecuteResponse;
using ::guest::v1::PlaywrightService;
using ::nlohmann::json;

constexpr int64_t kMaxSeconds = 300;
// Over the longest script and the 2 min in which its surroundings may get ready.
constexpr absl::Duration kTimeout = absl::Minutes(8);

absl::StatusOr<ExecuteRequest> Read(const Call& call) {
  ORCH_RETURN_IF_ERROR(call.CheckQuery({}));
  ExecuteRequest request;
  ORCH_ASSIGN_OR_RETURN(*request.mutable_session_id(), call.SessionId());
  ORCH_ASSIGN_OR_RETURN(const json object, call.Body());
  JsonFields body(object, "browsers.playwright.execute");
  request.set_code(body.RequiredString("code"));
  if (const auto seconds = body.Integer("timeout_sec", 1, kMaxSeconds)) {
    request.set_timeout_seconds(static_cast<uint32_t>(*seconds));
  }
  ORCH_RETURN_IF_ERROR(body.Finish());
  return request;
}

// The answer as text. The guest's JSON stays as it is: taking it apart costs a stack as deep as it
// is nested.
absl::StatusOr<std::string> Text(const ExecuteResponse& response) {
  json fields = {{"success", response.success()},
                 {"stdout", response.stdout()},
                 {"stderr", response.stderr()}};
  if (response.has_error()) {
    fields["error"] = absl::StrCat(response.error().name(), ": ", response.error().message());
  }
  std::string text = fields.dump(-1, ' ', false, json::error_handler_t::replace);
  if (!response.has_result_json()) return text;
  if (!json::accept(response.result_json())) {
    return absl::UnavailableError("the guest answered with a result that is no JSON");
  }
  text.pop_back();
  return absl::StrCat(text, ",\"result\":", response.result_json(), "}");
}

void Execute(const std::shared_ptr<Call>& call) {
  absl::StatusOr<ExecuteRequest> request = Read(*call);
  if (!request.ok()) return call->Fail(request.status());
  call->Rpc(call->backend().playwright->async(),
            &PlaywrightService::StubInterface::async_interface::Execute, *std::move(request),
            {.timeout = kTimeout, .patience = Exchange::Patience::kGiveUp},
            [call](const absl::StatusOr<ExecuteResponse>& response) {
              if (!response.ok()) return call->Fail(response.status());
              absl::StatusOr<std::string> text = Text(*response);
              if (!text.ok()) return call->Fail(text.status());
              call->Answer({.status = 200,
                            .content_type = "application/json",
                            .headers = {},
                            .body = *std::move(text)});
            });
}

}  // namespace

std::vector<Route> PlaywrightRoutes() {
  return {{"POST", "/browsers/{id}/playwright/execute", Execute}};
}

}  // namespace orch::gateway
