#pragma once

#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

#include "orchestrator/model/browser.h"

namespace orch {

// Collects the forks of one call: all of them, or none. Thread-safe.
class ForkBatch {
 public:
  using Done = absl::AnyInvocable<void(absl::StatusOr<std::vector<Browser>>)>;

  // `undo` removes a fork that is not wanted after all.
  ForkBatch(size_t count, std::function<void(const SessionId&)> undo, Done done)
      : left_(count), undo_(std::move(undo)), done_(std::move(done)) {}

  // One of them is settled. The last one answers the call.
  void Add(absl::StatusOr<Browser> fork);

 private:
  absl::Mutex mutex_;
  size_t left_ ABSL_GUARDED_BY(mutex_);
  std::vector<Browser> forks_ ABSL_GUARDED_BY(mutex_);
  absl::Status error_ ABSL_GUARDED_BY(mutex_);
  const std::function<void(const SessionId&)> undo_;
  // For the last one alone.
  Done done_;
};

}  // namespace orch
