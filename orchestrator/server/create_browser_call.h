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

  void OnCancel() override;
  void OnDone() override { delete this; }

  // Outlives the call, which may end at any time.
  struct Shared {
    absl::Mutex mutex;
    // Null once somebody has taken on to finish the call.
    CreateBrowserCall* call ABSL_GUARDED_BY(mutex) = nullptr;
    std::optional<SessionId> id ABSL_GUARDED_BY(mutex);
    bool cancelled ABSL_GUARDED_BY(mutex) = false;
  };

  // Creates the browser and sees to the answer. Blocks on the disk.
  static void Begin(BrowserRegistry& registry, const std::shared_ptr<Shared>& shared,
                    const BrowserSpec& spec, bool wait);

  // Ends the call before it begins.
  void Refuse(const absl::Status& status) { Answer(*shared_, status); }

  const std::shared_ptr<Shared>& shared() const { return shared_; }

 private:
  // Finishes the call unless it is finished already.
  static void Answer(Shared& shared, const absl::StatusOr<Browser>& browser);

  BrowserRegistry& registry_;
  orchestrator::v1::Browser& response_;
  const std::shared_ptr<Shared> shared_;
};

}  // namespace orch
