#pragma once

#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/grpcpp.h"

#include "guest/v1/computer.grpc.pb.h"

namespace orch::testing {

// The screen of a guest, which remembers what it was asked for last; text that is "headless" is
// refused. Thread-safe.
class GuestComputer : public guest::v1::ComputerService::Service {
 public:
  // The last request, as text.
  std::string last() {
    absl::MutexLock lock(&mutex_);
    return last_;
  }

  grpc::Status MoveMouse(grpc::ServerContext*, const guest::v1::MoveMouseRequest* request,
                         guest::v1::MoveMouseResponse*) override {
    return Note(*request);
  }
  grpc::Status ClickMouse(grpc::ServerContext*, const guest::v1::ClickMouseRequest* request,
                          guest::v1::ClickMouseResponse*) override {
    return Note(*request);
  }
  grpc::Status DragMouse(grpc::ServerContext*, const guest::v1::DragMouseRequest* request,
                         guest::v1::DragMouseResponse*) override {
    return Note(*request);
  }
  grpc::Status Scroll(grpc::ServerContext*, const guest::v1::ScrollRequest* request,
                      guest::v1::ScrollResponse*) override {
    return Note(*request);
  }
  grpc::Status TypeText(grpc::ServerContext*, const guest::v1::TypeTextRequest* request,
                        guest::v1::TypeTextResponse*) override {
    if (request->input().text() == "headless") {
      return {grpc::StatusCode::FAILED_PRECONDITION, "it is headless"};
    }
    return Note(*request);
  }
  grpc::Status PressKey(grpc::ServerContext*, const guest::v1::PressKeyRequest* request,
                        guest::v1::PressKeyResponse*) override {
    return Note(*request);
  }
  grpc::Status SetCursor(grpc::ServerContext*, const guest::v1::SetCursorRequest* request,
                         guest::v1::SetCursorResponse*) override {
    return Note(*request);
  }
  grpc::Status RunBatch(grpc::ServerContext*, const guest::v1::RunBatchRequest* request,
                        guest::v1::RunBatchResponse*) override {
    return Note(*request);
  }
  grpc::Status WriteClipboard(grpc::ServerContext*, const guest::v1::WriteClipboardRequest* request,
                              guest::v1::WriteClipboardResponse*) override {
    return Note(*request);
  }
  grpc::Status ReadClipboard(grpc::ServerContext*, const guest::v1::ReadClipboardRequest*,
                             guest::v1::ReadClipboardResponse* response) override {
    response->set_text("copied");
    return grpc::Status::OK;
  }
  grpc::Status GetMousePosition(grpc::ServerContext*, const guest::v1::GetMousePositionRequest*,
                                guest::v1::GetMousePositionResponse* response) override {
    response->mutable_position()->set_x(3);
    response->mutable_position()->set_y(4);
    return grpc::Status::OK;
  }

 private:
  template <typename Request>
  grpc::Status Note(Request request) {
    request.clear_session_id();
    absl::MutexLock lock(&mutex_);
    last_ = request.ShortDebugString();
    return grpc::Status::OK;
  }

  absl::Mutex mutex_;
  std::string last_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace orch::testing
