#include "orchestrator/agent/computer/computer_service.h"

#include <utility>

#include "absl/random/distributions.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

#include "orchestrator/agent/computer/read_clipboard.h"
#include "orchestrator/agent/computer/screen_capture.h"
#include "orchestrator/agent/computer/x_paste_buffer.h"
#include "orchestrator/agent/rpc/cancellable_call.h"
#include "orchestrator/base/grpc_status.h"
#include "orchestrator/base/status_macros.h"

namespace orch::agent {
namespace {

using ::guest::v1::ComputerAction;

constexpr int kDefaultQuality = 80;
constexpr double kMinScale = 0.05;
// For a program that owns the clipboard and is slow, on a slow machine.
constexpr absl::Duration kClipboardTime = absl::Seconds(10);

absl::Status Headless() {
  return absl::FailedPreconditionError(
      "the browser is headless and has no screen; create it headful, or use CDP through a tunnel "
      "to "
      "guest port 9222: Page.captureScreenshot, Input.dispatchMouseEvent, Input.insertText");
}

absl::StatusOr<CaptureOptions> ParseCapture(const guest::v1::CaptureScreenshotRequest& request) {
  CaptureOptions options;
  if (request.has_region()) {
    options.region = ScreenRegion{request.region().x(), request.region().y(),
                                  request.region().width(), request.region().height()};
  }
  switch (request.format()) {
    case guest::v1::IMAGE_FORMAT_UNSPECIFIED:
    case guest::v1::IMAGE_FORMAT_PNG:
      options.format = ImageFormat::kPng;
      break;
    case guest::v1::IMAGE_FORMAT_JPEG:
      options.format = ImageFormat::kJpeg;
      break;
    case guest::v1::IMAGE_FORMAT_WEBP:
      options.format = ImageFormat::kWebp;
      break;
    default:
      return absl::InvalidArgumentError(absl::StrCat("format ", int{request.format()},
                                                     " is unknown; it takes PNG, JPEG and WEBP"));
  }
  if (request.quality() > 100) {
    return absl::InvalidArgumentError(
        absl::StrCat("quality is ", request.quality(), "; it takes 1..100"));
  }
  options.quality = request.quality() == 0 ? kDefaultQuality : static_cast<int>(request.quality());
  // Not a number is refused, too.
  if (request.scale() != 0 && !(request.scale() >= kMinScale && request.scale() <= 1)) {
    return absl::InvalidArgumentError(
        absl::StrCat("scale is ", request.scale(), "; it takes ", kMinScale, "..1"));
  }
  options.scale = request.scale() == 0 ? 1 : request.scale();
  return options;
}

absl::Status Capture(const std::string& display, const guest::v1::CaptureScreenshotRequest& request,
                     guest::v1::CaptureScreenshotResponse& response) {
  ORCH_ASSIGN_OR_RETURN(const CaptureOptions options, ParseCapture(request));
  ORCH_ASSIGN_OR_RETURN(Screenshot screenshot, CaptureScreen(display, options));
  response.set_image(std::move(screenshot.image));
  response.set_width(screenshot.width);
  response.set_height(screenshot.height);
  return absl::OkStatus();
}

}  // namespace

ComputerService::ComputerService(std::string display) : display_(std::move(display)) {}

grpc::ServerUnaryReactor* ComputerService::Serve(CallThreads& threads,
                                                 std::function<absl::Status()> work) {
  auto* call = new CancellableCall;
  if (display_.empty()) {
    call->Finish(ToGrpcStatus(Headless()));
    return call;
  }
  const absl::Status refused = threads.Run([call, work = std::move(work)] {
    const absl::Status cancelled = call->Pause(absl::ZeroDuration());
    call->Finish(ToGrpcStatus(cancelled.ok() ? work() : cancelled));
  });
  if (!refused.ok()) call->Finish(ToGrpcStatus(refused));
  return call;
}

grpc::ServerUnaryReactor* ComputerService::ServeInput(
    std::function<absl::Status(InputActions&)> work) {
  auto* call = new CancellableCall;
  if (display_.empty()) {
    call->Finish(ToGrpcStatus(Headless()));
    return call;
  }
  const absl::Status refused = inputs_.Run([this, call, work = std::move(work)] {
    const auto pause = [call](absl::Duration duration) { return call->Pause(duration); };
    absl::Status status = pause(absl::ZeroDuration());
    if (status.ok()) status = UseDevices(pause, work);
    call->Finish(ToGrpcStatus(status));
  });
  if (!refused.ok()) call->Finish(ToGrpcStatus(refused));
  return call;
}

absl::Status ComputerService::UseDevices(const std::function<absl::Status(absl::Duration)>& pause,
                                         const std::function<absl::Status(InputActions&)>& work) {
  if (devices_ == nullptr || !devices_->alive()) {
    devices_.reset();
    ORCH_ASSIGN_OR_RETURN(devices_, XInputDevices::Create(display_));
  }
  XPasteBuffer paste({.display = display_,
                      .pause = pause,
                      .put_back = [this](const std::string& text) { return TakeClipboard(text); }});
  InputActions actions({.devices = *devices_, .paste = paste, .pause = pause, .random = [this] {
                          return absl::Uniform(random_, 0.0, 1.0);
                        }});
  return work(actions);
}

grpc::ServerUnaryReactor* ComputerService::ServeAction(ComputerAction action) {
  return ServeInput(
      [action = std::move(action)](InputActions& actions) { return actions.Run(action); });
}

grpc::ServerUnaryReactor* ComputerService::CaptureScreenshot(
    grpc::CallbackServerContext*, const guest::v1::CaptureScreenshotRequest* request,
    guest::v1::CaptureScreenshotResponse* response) {
  return Serve(captures_,
               [this, request, response] { return Capture(display_, *request, *response); });
}

grpc::ServerUnaryReactor* ComputerService::GetMousePosition(
    grpc::CallbackServerContext*, const guest::v1::GetMousePositionRequest*,
    guest::v1::GetMousePositionResponse* response) {
  return Serve(questions_, [this, response]() -> absl::Status {
    ORCH_ASSIGN_OR_RETURN(const auto connection, XConnection::Create(display_));
    ORCH_ASSIGN_OR_RETURN(const ScreenPoint point, connection->GetPointerPosition());
    response->mutable_position()->set_x(point.x);
    response->mutable_position()->set_y(point.y);
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* ComputerService::MoveMouse(grpc::CallbackServerContext*,
                                                     const guest::v1::MoveMouseRequest* request,
                                                     guest::v1::MoveMouseResponse*) {
  ComputerAction action;
  *action.mutable_move_mouse() = request->move();
  return ServeAction(std::move(action));
}

grpc::ServerUnaryReactor* ComputerService::ClickMouse(grpc::CallbackServerContext*,
                                                      const guest::v1::ClickMouseRequest* request,
                                                      guest::v1::ClickMouseResponse*) {
  ComputerAction action;
  *action.mutable_click_mouse() = request->click();
  return ServeAction(std::move(action));
}

grpc::ServerUnaryReactor* ComputerService::DragMouse(grpc::CallbackServerContext*,
                                                     const guest::v1::DragMouseRequest* request,
                                                     guest::v1::DragMouseResponse*) {
  ComputerAction action;
  *action.mutable_drag_mouse() = request->drag();
  return ServeAction(std::move(action));
}

grpc::ServerUnaryReactor* ComputerService::Scroll(grpc::CallbackServerContext*,
                                                  const guest::v1::ScrollRequest* request,
                                                  guest::v1::ScrollResponse*) {
  ComputerAction action;
  *action.mutable_scroll() = request->scroll();
  return ServeAction(std::move(action));
}

grpc::ServerUnaryReactor* ComputerService::TypeText(grpc::CallbackServerContext*,
                                                    const guest::v1::TypeTextRequest* request,
                                                    guest::v1::TypeTextResponse*) {
  ComputerAction action;
  *action.mutable_type_text() = request->input();
  return ServeAction(std::move(action));
}

grpc::ServerUnaryReactor* ComputerService::PressKey(grpc::CallbackServerContext*,
                                                    const guest::v1::PressKeyRequest* request,
                                                    guest::v1::PressKeyResponse*) {
  ComputerAction action;
  *action.mutable_press_key() = request->press();
  return ServeAction(std::move(action));
}

grpc::ServerUnaryReactor* ComputerService::SetCursor(grpc::CallbackServerContext*,
                                                     const guest::v1::SetCursorRequest* request,
                                                     guest::v1::SetCursorResponse*) {
  ComputerAction action;
  *action.mutable_set_cursor() = request->cursor();
  return ServeAction(std::move(action));
}

grpc::ServerUnaryReactor* ComputerService::RunBatch(grpc::CallbackServerContext*,
                                                    const guest::v1::RunBatchRequest* request,
                                                    guest::v1::RunBatchResponse*) {
  return ServeInput([request](InputActions& actions) { return actions.RunBatch(*request); });
}

grpc::ServerUnaryReactor* ComputerService::ReadClipboard(
    grpc::CallbackServerContext*, const guest::v1::ReadClipboardRequest*,
    guest::v1::ReadClipboardResponse* response) {
  return Serve(questions_, [this, response]() -> absl::Status {
    ORCH_ASSIGN_OR_RETURN(*response->mutable_text(),
                          agent::ReadClipboard(display_, absl::Now() + kClipboardTime));
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* ComputerService::WriteClipboard(
    grpc::CallbackServerContext*, const guest::v1::WriteClipboardRequest* request,
    guest::v1::WriteClipboardResponse*) {
  return Serve(clipboard_writes_, [this, request] { return TakeClipboard(request->text()); });
}

absl::Status ComputerService::TakeClipboard(const std::string& text) {
  if (text.size() > kMaxClipboardBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("text has ", text.size(), " bytes; it takes at most ", kMaxClipboardBytes));
  }
  ORCH_ASSIGN_OR_RETURN(std::unique_ptr<ClipboardOwner> owner,
                        ClipboardOwner::Create(display_, text));
  {
    absl::MutexLock lock(&mutex_);
    std::swap(clipboard_, owner);
  }
  return absl::OkStatus();
}

}  // namespace orch::agent
