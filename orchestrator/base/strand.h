#pragma once

#include <deque>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/synchronization/mutex.h"

#include "orchestrator/base/thread_pool.h"

namespace orch {

// Runs work on a pool, one piece at a time and in order: state that only a strand's work touches
// needs no lock, and that work may block. Thread-safe. Work that is queued when the strand is
// destroyed still runs; the pool must outlive it.
class Strand {
 public:
  explicit Strand(ThreadPool& pool) : state_(std::make_shared<State>(pool)) {}

  // Never blocks.
  void Run(absl::AnyInvocable<void()> work);

 private:
  // Shared with the work on the pool, which may outlive the strand.
  struct State {
    explicit State(ThreadPool& p) : pool(p) {}
    ThreadPool& pool;
    absl::Mutex mutex;
    std::deque<absl::AnyInvocable<void()>> queue ABSL_GUARDED_BY(mutex);
    bool running ABSL_GUARDED_BY(mutex) = false;
  };

  static void RunNext(std::shared_ptr<State> state);

  std::shared_ptr<State> state_;
};

}  // namespace orch
