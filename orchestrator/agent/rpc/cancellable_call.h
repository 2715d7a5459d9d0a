#pragma once

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "grpcpp/support/server_callback.h"

namespace orch::agent {

// A unary call whose work runs on another thread and wants to know at once when its client has
// gone. Whoever does the work calls Finish() last. Belongs to gRPC until OnDone, then deletes
// itself.
class CancellableCall final : public grpc::ServerUnaryReactor {
 public:
  void OnCancel() override { cancelled_.Notify(); }
  void OnDone() override { delete this; }

  // Waits for `duration`; CANCELLED as soon as the call is, by its client or its deadline.
  absl::Status Pause(absl::Duration duration) const {
    return cancelled_.WaitForNotificationWithTimeout(duration)
               ? absl::CancelledError("cancelled by the caller")
               : absl::OkStatus();
  }

  bool cancelled() const { return cancelled_.HasBeenNotified(); }

 private:
  absl::Notification cancelled_;
};

}  // namespace orch::agent
