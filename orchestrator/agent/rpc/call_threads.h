#pragma once

#include <atomic>
#include <string>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

#include "orchestrator/base/thread_pool.h"

namespace orch::agent {

// Threads for unary calls that block, with a bounded queue. Thread-safe. The destructor waits for
// the end of all work.
class CallThreads {
 public:
  // `calls` is what they are called in a refusal, "screenshots".
  CallThreads(absl::string_view calls, size_t threads, size_t max_calls)
      : calls_(calls), max_(max_calls), pool_(threads) {}

  // Runs `work` on a thread, first in, first out. RESOURCE_EXHAUSTED, at once: as many as may be
  // are under way or waiting.
  absl::Status Run(absl::AnyInvocable<void()> work) {
    if (active_.fetch_add(1) >= max_) {
      --active_;
      return absl::ResourceExhaustedError(absl::StrCat(
          max_, " ", calls_, " are under way, which is the limit; retry when one is done"));
    }
    pool_.Run([this, work = std::move(work)]() mutable {
      std::move(work)();
      --active_;
    });
    return absl::OkStatus();
  }

 private:
  const std::string calls_;
  const size_t max_;
  std::atomic<size_t> active_ = 0;
  // Last: its threads use the others.
  ThreadPool pool_;
};

}  // namespace orch::agent
