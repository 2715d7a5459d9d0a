#include "orchestrator/browser/strand_interrupt.h"

namespace orch {

std::shared_ptr<CancelToken> StrandInterrupt::token() const {
  absl::MutexLock lock(&mutex_);
  return token_;
}

void StrandInterrupt::ExpectDeletion(const absl::Status& reason) {
  {
    absl::MutexLock lock(&mutex_);
    ++deletions_;
  }
  Cancel(reason);
}

void StrandInterrupt::DeletionArrived() {
  absl::MutexLock lock(&mutex_);
  --deletions_;
  Renew();
}

bool StrandInterrupt::deletion_expected() const {
  absl::MutexLock lock(&mutex_);
  return deletions_ > 0;
}

void StrandInterrupt::BeginMachine(const VmId& vm) {
  absl::MutexLock lock(&mutex_);
  machine_ = vm;
}

void StrandInterrupt::EndMachine() {
  absl::MutexLock lock(&mutex_);
  machine_.reset();
  Renew();
}

bool StrandInterrupt::MachineStopped(const VmId& vm, const absl::Status& reason) {
  std::shared_ptr<CancelToken> token;
  {
    absl::MutexLock lock(&mutex_);
    if (machine_ != vm) return false;
    token = token_;
  }
  token->Cancel(reason);
  return true;
}

void StrandInterrupt::Renew() {
  if (deletions_ == 0) token_ = std::make_shared<CancelToken>();
}

}  // namespace orch
