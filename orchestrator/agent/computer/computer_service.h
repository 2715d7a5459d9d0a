#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/random/random.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/support/server_callback.h"

#include "guest/v1/computer.grpc.pb.h"
#include "guest/v1/computer.pb.h"
#include "orchestrator/agent/computer/clipboard_owner.h"
#include "orchestrator/agent/computer/input_actions.h"
#include "orchestrator/agent/computer/x_input_devices.h"
#include "orchestrator/agent/rpc/call_threads.h"

namespace orch::agent {

// guest.v1.ComputerService: the screen of a headful browser. Thread-safe. Works on threads of its
// own: one for input and one for the clipboard, which serve calls in turn, and two each for
// screenshots and for questions. Connects to the X server when it is first needed, and again when
// that was restarted.
class ComputerService final : public guest::v1::ComputerService::CallbackService {
 public:
  // `display` is the X11 display; "" means that the browser is headless.
  explicit ComputerService(std::string display);

  grpc::ServerUnaryReactor* CaptureScreenshot(
      grpc::CallbackServerContext* context, const guest::v1::CaptureScreenshotRequest* request,
      guest::v1::CaptureScreenshotResponse* response) override;
  grpc::ServerUnaryReactor* GetMousePosition(
      grpc::CallbackServerContext* context, const guest::v1::GetMousePositionRequest* request,
      guest::v1::GetMousePositionResponse* response) override;
  grpc::ServerUnaryReactor* MoveMouse(grpc::CallbackServerContext* context,
                                      const guest::v1::MoveMouseRequest* request,
                                      guest::v1::MoveMouseResponse* response) override;
  grpc::ServerUnaryReactor* ClickMouse(grpc::CallbackServerContext* context,
                                       const guest::v1::ClickMouseRequest* request,
                                       guest::v1::ClickMouseResponse* response) override;
  grpc::ServerUnaryReactor* DragMouse(grpc::CallbackServerContext* context,
                                      const guest::v1::DragMouseRequest* request,
                                      guest::v1::DragMouseResponse* response) override;
  grpc::ServerUnaryReactor* Scroll(grpc::CallbackServerContext* context,
                                   const guest::v1::ScrollRequest* request,
                                   guest::v1::ScrollResponse* response) override;
  grpc::ServerUnaryReactor* TypeText(grpc::CallbackServerContext* context,
                                     const guest::v1::TypeTextRequest* request,
                                     guest::v1::TypeTextResponse* response) override;
  grpc::ServerUnaryReactor* PressKey(grpc::CallbackServerContext* context,
                                     const guest::v1::PressKeyRequest* request,
                                     guest::v1::PressKeyResponse* response) override;
  grpc::ServerUnaryReactor* SetCursor(grpc::CallbackServerContext* context,
                                      const guest::v1::SetCursorRequest* request,
                                      guest::v1::SetCursorResponse* response) override;
  grpc::ServerUnaryReactor* ReadClipboard(grpc::CallbackServerContext* context,
                                          const guest::v1::ReadClipboardRequest* request,
                                          guest::v1::ReadClipboardResponse* response) override;
  grpc::ServerUnaryReactor* WriteClipboard(grpc::CallbackServerContext* context,
                                           const guest::v1::WriteClipboardRequest* request,
                                           guest::v1::WriteClipboardResponse* response) override;
  grpc::ServerUnaryReactor* RunBatch(grpc::CallbackServerContext* context,
                                     const guest::v1::RunBatchRequest* request,
                                     guest::v1::RunBatchResponse* response) override;

 private:
  static constexpr size_t kMaxCaptures = 2;
  static constexpr size_t kMaxQuestions = 8;
  static constexpr size_t kMaxInputs = 32;

  // Serves a call with `work` on one of `threads`; every call goes through here.
  grpc::ServerUnaryReactor* Serve(CallThreads& threads, std::function<absl::Status()> work);
  // Serves a call with `work` in its turn among those that press and move.
  grpc::ServerUnaryReactor* ServeInput(std::function<absl::Status(InputActions&)> work);
  // The same for one action.
  grpc::ServerUnaryReactor* ServeAction(guest::v1::ComputerAction action);
  // On the input thread.
  absl::Status UseDevices(const std::function<absl::Status(absl::Duration)>& pause,
                          const std::function<absl::Status(InputActions&)>& work);
  // Makes `text` the clipboard's.
  absl::Status TakeClipboard(const std::string& text) ABSL_LOCKS_EXCLUDED(mutex_);

  const std::string display_;
  // Of the input thread.
  std::unique_ptr<XInputDevices> devices_;
  absl::BitGen random_;

  absl::Mutex mutex_;
  std::unique_ptr<ClipboardOwner> clipboard_ ABSL_GUARDED_BY(mutex_);

  // Last: their threads use the others.
  CallThreads captures_{"screenshots", kMaxCaptures, kMaxCaptures};
  CallThreads questions_{"questions to the screen", 2, kMaxQuestions};
  CallThreads clipboard_writes_{"writes to the clipboard", 1, kMaxQuestions};
  CallThreads inputs_{"calls that press and move", 1, kMaxInputs};
};

}  // namespace orch::agent
