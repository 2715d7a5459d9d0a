#pragma once

#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/client_context.h"

#include "orchestrator/orchctl/top/fleet.h"
#include "orchestrator/v1/browsers.grpc.pb.h"

namespace orch::ctl {

// Tells a Fleet of every browser, on a thread of its own, until destroyed. A stream that breaks is
// opened again, every second where it must be.
class FleetWatch {
 public:
  // Both outlive this.
  FleetWatch(orchestrator::v1::BrowserService::Stub& browsers, Fleet& fleet);
  ~FleetWatch();
  FleetWatch(const FleetWatch&) = delete;
  FleetWatch& operator=(const FleetWatch&) = delete;

 private:
  void Run();
  // Reads one stream to its end.
  absl::Status WatchOnce() ABSL_LOCKS_EXCLUDED(mutex_);

  orchestrator::v1::BrowserService::Stub& browsers_;
  Fleet& fleet_;
  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  // Of the stream that is being read; null: there is none.
  grpc::ClientContext* context_ ABSL_GUARDED_BY(mutex_) = nullptr;
  std::thread thread_;
};

}  // namespace orch::ctl
