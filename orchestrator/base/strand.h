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
// destroyed still runs, if it was started; the pool must outlive it.
class Strand {
 public:
  enum class Begin { kAtOnce, kWhenStarted };

  // kWhenStarted: work waits for Start.
  explicit Strand(ThreadPool& pool, Begin begin = Begin::kAtOnce)
      : state_(std::make_shared<State>(pool, begin)) {}

  // Once, for kWhenStarted. Never blocks.
  void Start();

  // Never blocks.
  void Run(absl::AnyInvocable<void()> work);

 private:
  // Shared with the work on the pool, which may outlive the strand.
  struct State {
    State(ThreadPool& p, Begin begin) : pool(p), running(begin == Begin::kWhenStarted) {}
    ThreadPool& pool;
    absl::Mutex mutex;
    std::deque<absl::AnyInvocable<void()>> queue ABSL_GUARDED_BY(mutex);
    // Somebody runs what is queued, or will.
    bool running ABSL_GUARDED_BY(mutex);
  };

  static void RunNext(std::shared_ptr<State> state);

  std::shared_ptr<State> state_;
};

}  // namespace orch
