#include "orchestrator/agent/computer/computer_service.h"

#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/agent/computer/screen_capture.h"
#include "orchestrator/base/grpc_status.h"
#include "orchestrator/base/status_macros.h"

namespace orch::agent {
namespace {

absl::Status Capture(const std::string& display, const guest::v1::CaptureScreenshotRequest& request,
                     guest::v1::CaptureScreenshotResponse& response) {
  std::optional<ScreenRegion> region;
  if (request.has_region()) {
    region = ScreenRegion{request.region().x(), request.region().y(), request.region().width(),
                          request.region().height()};
  }
  ORCH_ASSIGN_OR_RETURN(Screenshot screenshot, CaptureScreen(display, region));
  response.set_image(std::move(screenshot.png));
  response.set_width(screenshot.width);
  response.set_height(screenshot.height);
  return absl::OkStatus();
}

}  // namespace

ComputerService::ComputerService(std::string display) : display_(std::move(display)) {}

grpc::ServerUnaryReactor* ComputerService::CaptureScreenshot(
    grpc::CallbackServerContext* context, const guest::v1::CaptureScreenshotRequest* request,
    guest::v1::CaptureScreenshotResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  if (display_.empty()) {
    reactor->Finish(ToGrpcStatus(absl::FailedPreconditionError(
        "the browser is headless and has no screen; create it headful, or use CDP "
        "Page.captureScreenshot through a tunnel to guest port 9222")));
    return reactor;
  }
  if (captures_.fetch_add(1) >= kMaxCaptures) {
    captures_.fetch_sub(1);
    reactor->Finish(ToGrpcStatus(absl::ResourceExhaustedError(absl::StrCat(
        kMaxCaptures, " screenshots are being taken, which is the limit; try again"))));
    return reactor;
  }
  threads_.Run([this, reactor, request, response] {
    const absl::Status status = Capture(display_, *request, *response);
    captures_.fetch_sub(1);
    reactor->Finish(ToGrpcStatus(status));
  });
  return reactor;
}

}  // namespace orch::agent
