#include "orchestrator/browser/fork_batch.h"

namespace orch {

void ForkBatch::Add(absl::StatusOr<Browser> fork) {
  std::vector<Browser> forks;
  absl::Status error;
  {
    absl::MutexLock lock(&mutex_);
    if (fork.ok()) {
      forks_.push_back(*std::move(fork));
    } else if (error_.ok()) {
      error_ = fork.status();
    }
    if (--left_ > 0) return;
    forks = std::move(forks_);
    error = error_;
  }
  if (error.ok()) {
    done_(std::move(forks));
    return;
  }
  for (const Browser& browser : forks) undo_(browser.id);
  done_(error);
}

}  // namespace orch
