#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "orchestrator/base/cancel_token.h"
#include "orchestrator/base/clock.h"
#include "orchestrator/snapshot/guest_control.h"
#include "orchestrator/transport/guest_transport.h"

namespace orch::testing {

// Guests that are there as soon as their machine is and answer at once, without RPCs, until they
// are told to fail or to keep silent. Who leases one gets a channel on which no call succeeds.
// Thread-safe; outlives the channels that it made.
class FakeGuestControl : public GuestControl {
 public:
  enum class Call { kAwaitReady, kPrepareSnapshot, kGreet, kConnect };

  FakeGuestControl();

  std::shared_ptr<GuestChannel> ChannelTo(const GuestAddress& agent) override;
  absl::Status AwaitReady(const GuestAddress& agent, absl::Time deadline,
                          CancelToken& cancel) override;
  absl::Status PrepareSnapshot(const GuestAddress& agent, absl::Time deadline,
                               CancelToken& cancel) override;
  absl::Status Greet(GuestChannel& guest, const std::string& name, absl::Time deadline,
                     CancelToken& cancel) override;

  // The next call of this kind fails, whichever guest it is for. Told again before that, the one
  // after it fails, too.
  void FailNext(Call call, absl::Status status);
  // What FailNext said and did not come to pass is taken back.
  void ClearFailures();

  // From now on calls of this kind (not kConnect) wait for LetGo, their deadline or their token.
  void Hold(Call call);
  void LetGo(Call call);
  // Blocks until so many wait, for at most 30 s; whether they do.
  bool AwaitHeld(Call call, size_t count);

 private:
  class Transport;

  struct Kind {
    std::deque<absl::Status> failures;
    bool holds = false;
    size_t held = 0;
  };

  absl::Status Answer(Call call, absl::Time deadline, CancelToken& cancel);
  absl::Status TakeFailure(Call call) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const SystemClock clock_;
  const std::shared_ptr<GuestTransport> transport_;
  mutable absl::Mutex mutex_;
  std::map<Call, Kind> kinds_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace orch::testing
