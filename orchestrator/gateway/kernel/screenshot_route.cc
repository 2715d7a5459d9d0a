#include "orchestrator/gateway/kernel/screenshot_route.h"

#include <utility>

#include "orchestrator/base/status_macros.h"
#include "orchestrator/gateway/json/json_fields.h"

namespace orch::gateway {
namespace {

using ::guest::v1::CaptureScreenshotRequest;
using ::guest::v1::CaptureScreenshotResponse;
using ::guest::v1::ComputerService;

constexpr int64_t kMaxPixels = 1 << 20;

uint32_t Pixels(JsonFields& region, const char* name) {
  if (!region.Has(name)) region.Refuse(name, absl::StatusCode::kInvalidArgument, "is required");
  return static_cast<uint32_t>(region.Integer(name, 0, kMaxPixels).value_or(0));
}

absl::StatusOr<CaptureScreenshotRequest> Read(const Call& call) {
  ORCH_RETURN_IF_ERROR(call.CheckQuery({}));
  ORCH_ASSIGN_OR_RETURN(const std::string id, call.SessionId());
  ORCH_ASSIGN_OR_RETURN(const nlohmann::json json, call.Body());
  JsonFields body(json, "browsers.computer.captureScreenshot");
  CaptureScreenshotRequest request;
  request.set_session_id(id);
  body.Object("region", [&request](JsonFields& region) {
    request.mutable_region()->set_x(Pixels(region, "x"));
    request.mutable_region()->set_y(Pixels(region, "y"));
    request.mutable_region()->set_width(Pixels(region, "width"));
    request.mutable_region()->set_height(Pixels(region, "height"));
  });
  ORCH_RETURN_IF_ERROR(body.Finish());
  return request;
}

void Capture(const std::shared_ptr<Call>& call) {
  absl::StatusOr<CaptureScreenshotRequest> request = Read(*call);
  if (!request.ok()) return call->Fail(request.status());
  call->Rpc(
      call->backend().computer->async(),
      &ComputerService::StubInterface::async_interface::CaptureScreenshot, *std::move(request), {},
      [call](absl::StatusOr<CaptureScreenshotResponse> response) {
        // The API has no 409 for this call.
        if (!response.ok()) {
          return call->Fail(response.status(), {{absl::StatusCode::kFailedPrecondition, 400}});
        }
        call->Answer({.status = 200,
                      .content_type = "image/png",
                      .headers = {},
                      .body = std::move(*response->mutable_image())});
      });
}

}  // namespace

std::vector<Route> ScreenshotRoutes() {
  return {{"POST", "/browsers/{id}/computer/screenshot", Capture}};
}

}  // namespace orch::gateway
