#pragma once

#include <memory>
#include <optional>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/grpcpp.h"

#include "orchestrator/model/browser.h"
#include "orchestrator/pool/pool_registry.h"
#include "orchestrator/v1/browsers.pb.h"
#include "orchestrator/v1/pools.pb.h"

namespace orch {

// One AcquireBrowser call. A caller that goes away, or whose deadline comes, does not keep its
// place or its browser: what it was given but did not learn of goes back to the pool. gRPC owns the
// call: it deletes itself in OnDone.
class AcquireBrowserCall final : public grpc::ServerUnaryReactor {
 public:
  // Begins at once. All must outlive the call.
  AcquireBrowserCall(PoolRegistry& pools, const orchestrator::v1::AcquireBrowserRequest& request,
                     orchestrator::v1::Browser& response);

  void OnCancel() override;
  void OnDone() override { delete this; }

 private:
  // Outlives the call, which ends when it is answered.
  struct Shared {
    absl::Mutex mutex;
    // Null once it was answered.
    AcquireBrowserCall* call ABSL_GUARDED_BY(mutex) = nullptr;
    std::optional<PoolRegistry::Ticket> ticket ABSL_GUARDED_BY(mutex);
    // The browser of the answer.
    std::optional<Browser> browser ABSL_GUARDED_BY(mutex);
    bool cancelled ABSL_GUARDED_BY(mutex) = false;
  };

  static void Answer(Shared& shared, absl::StatusOr<Browser> browser);

  PoolRegistry& pools_;
  orchestrator::v1::Browser& response_;
  const std::shared_ptr<Shared> shared_;
};

}  // namespace orch
