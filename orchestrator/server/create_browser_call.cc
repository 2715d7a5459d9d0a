#include "orchestrator/server/create_browser_call.h"

#include <utility>

#include "orchestrator/base/grpc_status.h"
#include "orchestrator/server/browser_proto.h"

namespace orch {

void CreateBrowserCall::Begin(CreateBrowserCall* call, const BrowserSpec& spec, bool wait) {
  BrowserRegistry& registry = call->registry_;
  const std::shared_ptr<Shared> shared = call->shared_;
  absl::StatusOr<Browser> created =
      registry.CreateBrowser(spec, [shared, wait](absl::StatusOr<Browser> settled) {
        if (wait) Answer(*shared, settled);
      });
  if (!created.ok() || !wait) {
    Answer(*shared, created);
    return;
  }
  {
    absl::MutexLock lock(&shared->mutex);
    shared->id = created->id;
    if (!shared->cancelled) return;
  }
  registry.DeleteBrowser(created->id, [](const absl::StatusOr<Browser>&) {});
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
