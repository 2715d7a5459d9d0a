#pragma once

#include <cstddef>
#include <deque>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "orchestrator/base/unique_fd.h"
#include "orchestrator/model/guest_address.h"
#include "orchestrator/transport/guest_transport.h"

namespace orch {

// A transport without guests: hands out socket pairs whose other end a test takes with Accept. Any
// address with an agent reaches the same queue. Thread-safe.
class FakeGuestTransport : public GuestTransport {
 public:
  absl::StatusOr<UniqueFd> Connect(const GuestAddress& address, absl::Time deadline) override;

  // The agent's end of the oldest connection that was not accepted yet. Blocks.
  // DEADLINE_EXCEEDED: nobody connected by `deadline`.
  absl::StatusOr<UniqueFd> Accept(absl::Time deadline);

  // What the next `times` calls of Connect return instead of a connection.
  void FailNext(size_t times, absl::Status status);

  // While false, Connect blocks until it is true again, or answers UNAVAILABLE at its deadline.
  void SetListening(bool listening);

  // How many calls of Connect there were.
  size_t connects() const;

 private:
  bool HasPending() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return !pending_.empty(); }

  mutable absl::Mutex mutex_;
  std::deque<UniqueFd> pending_ ABSL_GUARDED_BY(mutex_);
  bool listening_ ABSL_GUARDED_BY(mutex_) = true;
  size_t failures_left_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  size_t connects_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace orch
