#include "orchestrator/base/cancel_token.h"

#include <utility>

namespace orch {

// The callback runs under the mutex, which is how ~Interruption waits for it; it must only set
// something in motion (grpc::ClientContext::TryCancel), never block or come back here.
void CancelToken::Cancel(absl::Status reason) {
  absl::MutexLock lock(&mutex_);
  if (!status_.ok()) return;
  status_ = std::move(reason);
  if (on_cancel_) on_cancel_();
}

absl::Status CancelToken::status() const {
  absl::MutexLock lock(&mutex_);
  return status_;
}

CancelToken::Interruption::Interruption(CancelToken& token, absl::AnyInvocable<void()> on_cancel)
    : token_(token) {
  absl::MutexLock lock(&token_.mutex_);
  if (!token_.status_.ok()) on_cancel();
  token_.on_cancel_ = std::move(on_cancel);
}

CancelToken::Interruption::~Interruption() {
  absl::MutexLock lock(&token_.mutex_);
  token_.on_cancel_ = nullptr;
}

}  // namespace orch
