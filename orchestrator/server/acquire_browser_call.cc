#include "orchestrator/server/acquire_browser_call.h"

#include <utility>

#include "orchestrator/base/grpc_status.h"
#include "orchestrator/server/browser_proto.h"
#include "orchestrator/server/proto_time.h"

namespace orch {

AcquireBrowserCall::AcquireBrowserCall(PoolRegistry& pools,
                                       const orchestrator::v1::AcquireBrowserRequest& request,
                                       orchestrator::v1::Browser& response)
    : pools_(pools), response_(response), shared_(std::make_shared<Shared>()) {
  // Once it is answered, this may be gone.
  const std::shared_ptr<Shared> shared = shared_;
  {
    absl::MutexLock lock(&shared->mutex);
    shared->call = this;
  }
  std::optional<absl::Duration> timeout;
  if (request.has_acquire_timeout()) timeout = FromProto(request.acquire_timeout());
  const PoolRegistry::Ticket ticket = pools.Acquire(
      request.pool(), timeout,
      [shared](absl::StatusOr<Browser> browser) { Answer(*shared, std::move(browser)); });
  bool cancelled = false;
  {
    absl::MutexLock lock(&shared->mutex);
    shared->ticket = ticket;
    cancelled = shared->cancelled;
  }
  if (cancelled) pools.CancelAcquire(ticket);
}

void AcquireBrowserCall::Answer(Shared& shared, absl::StatusOr<Browser> browser) {
  AcquireBrowserCall* call = nullptr;
  {
    absl::MutexLock lock(&shared.mutex);
    call = std::exchange(shared.call, nullptr);
    if (browser.ok()) shared.browser = *browser;
  }
  if (browser.ok()) call->response_ = ToProto(*browser);
  call->Finish(ToGrpcStatus(browser.status()));
}

// gRPC calls this for every call whose answer did not reach its caller.
void AcquireBrowserCall::OnCancel() {
  const std::shared_ptr<Shared> shared = shared_;
  PoolRegistry& pools = pools_;
  std::optional<PoolRegistry::Ticket> ticket;
  std::optional<Browser> undelivered;
  {
    absl::MutexLock lock(&shared->mutex);
    shared->cancelled = true;
    ticket = shared->ticket;
    undelivered = shared->browser;
  }
  if (undelivered.has_value()) {
    pools.Release(undelivered->membership->pool.value(), undelivered->id, Reuse::kKeep,
                  [](const absl::Status&) {});
  } else if (ticket.has_value()) {
    pools.CancelAcquire(*ticket);
  }
}

}  // namespace orch
