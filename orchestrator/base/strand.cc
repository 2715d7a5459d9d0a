#include "orchestrator/base/strand.h"

#include <utility>

namespace orch {

void Strand::Start() {
  {
    absl::MutexLock lock(&state_->mutex);
    if (state_->queue.empty()) {
      state_->running = false;
      return;
    }
  }
  state_->pool.Run([state = state_] { RunNext(state); });
}

void Strand::Run(absl::AnyInvocable<void()> work) {
  {
    absl::MutexLock lock(&state_->mutex);
    state_->queue.push_back(std::move(work));
    if (state_->running) return;
    state_->running = true;
  }
  state_->pool.Run([state = state_] { RunNext(state); });
}

void Strand::RunNext(std::shared_ptr<State> state) {
  absl::AnyInvocable<void()> work;
  {
    absl::MutexLock lock(&state->mutex);
    work = std::move(state->queue.front());
    state->queue.pop_front();
  }
  work();
  work = nullptr;
  {
    absl::MutexLock lock(&state->mutex);
    if (state->queue.empty()) {
      state->running = false;
      return;
    }
  }
  // Back to the end of the pool's queue, so that one busy strand does not starve the others.
  ThreadPool& pool = state->pool;
  pool.Run([state = std::move(state)] { RunNext(state); });
}

}  // namespace orch
