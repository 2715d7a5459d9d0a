#pragma once

#include <atomic>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/thread_pool.h"

namespace orch::agent {

// Threads for streaming calls that block, one for each, and no queue: a call that waited for a
// thread would look to its client like one that hangs. Thread-safe. The destructor waits for the
// work's end.
class StreamThreads {
 public:
  explicit StreamThreads(size_t max_streams) : max_(max_streams), pool_(max_streams) {}

  // Runs `work` at once on a thread of its own; false when all are taken. Does not block.
  bool TryRun(absl::AnyInvocable<void()> work) {
    if (active_.fetch_add(1) >= max_) {
      --active_;
      return false;
    }
    pool_.Run([this, work = std::move(work)]() mutable {
      std::move(work)();
      --active_;
    });
    return true;
  }

  // What a call ends with that got no thread.
  absl::Status Refusal() const {
    return absl::ResourceExhaustedError(absl::StrCat(
        max_, " files are being read or written, which is the limit; retry when one is done"));
  }

 private:
  const size_t max_;
  std::atomic<size_t> active_ = 0;
  // Last: its threads use the others.
  ThreadPool pool_;
};

}  // namespace orch::agent
