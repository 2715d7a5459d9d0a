#include "orchestrator/server/create_browser_call.h"

#include <utility>

#include "orchestrator/base/grpc_status.h"
#include "orchestrator/server/browser_proto.h"

namespace orch {

void CreateBrowserCall::Begin(BrowserRegistry& registry, const std::shared_ptr<Shared>& shared,
                              const BrowserSpec& spec, bool wait) {
  {
    absl::MutexLock lock(&shared->mutex);
    if (shared->cancelled) return;
  }
  absl::StatusOr<Browser> created =
      registry.CreateBrowser(spec, [shared, wait](const absl::StatusOr<Browser>& settled) {
        if (wait) Answer(*shared, settled);
      });
  if (!created.ok()) {
    Answer(*shared, created);
    return;
  }
  bool cancelled = false;
  {
    absl::MutexLock lock(&shared->mutex);
    shared->id = created->id;
    cancelled = shared->cancelled;
  }
  if (cancelled) {
    registry.DeleteBrowser(created->id, [](const absl::StatusOr<Browser>&) {});
  } else if (!wait) {
    Answer(*shared, created);
  }
}

void CreateBrowserCall::OnCancel() {
  const std::shared_ptr<Shared> shared = shared_;
  BrowserRegistry& registry = registry_;
  std::optional<SessionId> id;
  {
    absl::MutexLock lock(&shared->mutex);
    if (shared->call == nullptr) return;  // Answered; the caller has the id.
    shared->cancelled = true;
    id = shared->id;
  }
  Answer(*shared, absl::CancelledError("the caller went away"));
  if (id.has_value()) registry.DeleteBrowser(*id, [](const absl::StatusOr<Browser>&) {});
}

void CreateBrowserCall::Answer(Shared& shared, const absl::StatusOr<Browser>& browser) {
  CreateBrowserCall* call = nullptr;
  {
    absl::MutexLock lock(&shared.mutex);
    call = std::exchange(shared.call, nullptr);
  }
  if (call == nullptr) return;
  if (browser.ok()) call->response_ = ToProto(*browser);
  call->Finish(ToGrpcStatus(browser.status()));
}

}  // namespace orch
