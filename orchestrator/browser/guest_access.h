#pragma once

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "orchestrator/browser/guest_lease.h"
#include "orchestrator/model/session_id.h"

namespace orch {

// Finds the guest behind a session id. Implementations are thread-safe.
class GuestAccess {
 public:
  virtual ~GuestAccess() = default;

  // Makes the browser callable (wakes it, connects) and calls `done` exactly once, possibly before
  // this returns. Never blocks.
  //
  // NOT_FOUND: no such browser. FAILED_PRECONDITION: it is not callable in its state; the message
  // names the state and, for a failed one, the reason. RESOURCE_EXHAUSTED: it sleeps on disk and
  // the host has no memory or disk to wake it; it sleeps on, and the message has the figures.
  // DATA_LOSS: what it slept with is damaged; it has failed. UNAVAILABLE: its guest cannot be
  // reached, or not by `deadline`. Else what the driver says of its machine.
  virtual void Lease(const SessionId& id, absl::Time deadline,
                     absl::AnyInvocable<void(absl::StatusOr<GuestLease>)> done) = 0;
};

}  // namespace orch
