#include "orchestrator/pool/callback_gate.h"

namespace orch {

void CallbackGate::Close() {
  absl::MutexLock lock(&mutex_);
  closed_ = true;
  mutex_.Await(absl::Condition(
      +[](size_t* inside) { return *inside == 0; }, &inside_));
}

bool CallbackGate::Enter() {
  absl::MutexLock lock(&mutex_);
  if (closed_) return false;
  ++inside_;
  return true;
}

void CallbackGate::Leave() {
  absl::MutexLock lock(&mutex_);
  --inside_;
}

}  // namespace orch
