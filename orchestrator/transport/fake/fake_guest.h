#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

#include "guest/v1/lifecycle.grpc.pb.h"
#include "orchestrator/transport/fake/fake_guest_transport.h"

namespace orch {

// Stands in for every agent behind a FakeGuestTransport: says that it is ready, takes notice when
// it runs again, and implements no other call unless it is given services. Thread-safe.
class FakeGuest {
 public:
  // `services` are served beside LifecycleService. All must outlive this.
  explicit FakeGuest(FakeGuestTransport& transport,
                     const std::vector<grpc::Service*>& services = {});
  ~FakeGuest();
  FakeGuest(const FakeGuest&) = delete;
  FakeGuest& operator=(const FakeGuest&) = delete;

  // What AwaitReady answers from now on.
  void AnswerReadyWith(absl::Status status);

  // What SetViewport was asked for. It refuses a width of `kRecordingWidth` unless it is forced, as
  // a guest does that makes a recording.
  std::vector<guest::v1::SetViewportRequest> viewports() const { return lifecycle_.viewports(); }
  static constexpr uint32_t kRecordingWidth = 321;

 private:
  class Lifecycle : public guest::v1::LifecycleService::Service {
   public:
    grpc::Status AwaitReady(grpc::ServerContext* context,
                            const guest::v1::AwaitReadyRequest* request,
                            guest::v1::AwaitReadyResponse* response) override;
    grpc::Status PrepareSnapshot(grpc::ServerContext* context,
                                 const guest::v1::PrepareSnapshotRequest* request,
                                 guest::v1::PrepareSnapshotResponse* response) override;
    grpc::Status Resumed(grpc::ServerContext* context, const guest::v1::ResumedRequest* request,
                         guest::v1::ResumedResponse* response) override;
    grpc::Status SetViewport(grpc::ServerContext* context,
                             const guest::v1::SetViewportRequest* request,
                             guest::v1::SetViewportResponse* response) override;
    void AnswerReadyWith(absl::Status status);
    std::vector<guest::v1::SetViewportRequest> viewports() const;

   private:
    mutable absl::Mutex mutex_;
    std::vector<guest::v1::SetViewportRequest> viewports_ ABSL_GUARDED_BY(mutex_);
    absl::Status ready_ ABSL_GUARDED_BY(mutex_);
  };

  void AcceptConnections();

  FakeGuestTransport& transport_;
  Lifecycle lifecycle_;
  std::unique_ptr<grpc::Server> server_;
  std::atomic<bool> stopping_ = false;
  std::thread accepting_;
};

}  // namespace orch
