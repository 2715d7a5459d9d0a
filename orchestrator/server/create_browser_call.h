#pragma once

#include <memory>
#include <optional>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/grpcpp.h"

#include "orchestrator/browser/browser_registry.h"
#include "orchestrator/v1/browsers.pb.h"

namespace orch {

// One CreateBrowser call. A caller that goes away while it waits for its browser could never name
// it, so the browser is deleted then. gRPC owns the call: it deletes itself in OnDone.
class CreateBrowserCall final : public grpc::ServerUnaryReactor {
 public:
  CreateBrowserCall(BrowserRegistry& registry, orchestrator::v1::Browser& response)
      : registry_(registry), response_(response), shared_(std::make_shared<Shared>()) {
    shared_->call = this;
  }

  // Creates the browser and sees to the answer. Blocks on the disk. The call may be gone when this
  // returns.
  static void Begin(CreateBrowserCall* call, const BrowserSpec& spec, bool wait);

  void OnCancel() override;
  void OnDone() override { delete this; }

 private:
  // Outlives the call, for the boot that may settle after it was cancelled.
  struct Shared {
    absl::Mutex mutex;
    // Null once somebody has taken on to finish the call.
    CreateBrowserCall* call ABSL_GUARDED_BY(mutex) = nullptr;
    std::optional<SessionId> id ABSL_GUARDED_BY(mutex);
    bool cancelled ABSL_GUARDED_BY(mutex) = false;
  };

  // Finishes the call unless it is finished already.
  static void Answer(Shared& shared, const absl::StatusOr<Browser>& browser);

  BrowserRegistry& registry_;
  orchestrator::v1::Browser& response_;
  const std::shared_ptr<Shared> shared_;
};

}  // namespace orch
