#pragma once

#include <atomic>
#include <string>

#include "grpcpp/support/server_callback.h"

#include "guest/v1/computer.grpc.pb.h"
#include "guest/v1/computer.pb.h"
#include "orchestrator/base/thread_pool.h"

namespace orch::agent {

// guest.v1.ComputerService: the screen of a headful browser. Thread-safe. Captures run on two
// threads of its own; more than two at a time are refused, which bounds their memory.
class ComputerService final : public guest::v1::ComputerService::CallbackService {
 public:
  // `display` is the X11 display; "" means that the browser is headless.
  explicit ComputerService(std::string display);

  grpc::ServerUnaryReactor* CaptureScreenshot(
      grpc::CallbackServerContext* context, const guest::v1::CaptureScreenshotRequest* request,
      guest::v1::CaptureScreenshotResponse* response) override;

 private:
  static constexpr int kMaxCaptures = 2;

  const std::string display_;
  std::atomic<int> captures_ = 0;
  // Last: its threads use the others.
  ThreadPool threads_{kMaxCaptures};
};

}  // namespace orch::agent
