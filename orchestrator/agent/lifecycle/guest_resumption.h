#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "guest/v1/lifecycle.pb.h"
#include "orchestrator/agent/lifecycle/guest_clock.h"
#include "orchestrator/agent/lifecycle/guest_identity.h"
#include "orchestrator/agent/lifecycle/random_pool.h"

namespace orch::agent {

// Makes a guest that was paused, saved or copied one of the present: with the host's time, and
// where asked for with random numbers, a machine id and a host name of its own. Confined to one
// thread.
class GuestResumption {
 public:
  // All outlive this.
  GuestResumption(GuestClock& clock, RandomPool& random, GuestIdentity& identity);

  // Does what LifecycleService.Resumed promises and returns how far the clock was behind. Nothing
  // is changed when a field is not valid. Takes about a millisecond.
  //
  // INVALID_ARGUMENT: a field is not valid; the message names it and what it takes. INTERNAL: the
  // kernel refuses something; calling again is safe.
  absl::StatusOr<absl::Duration> Resume(const guest::v1::ResumedRequest& request);

 private:
  GuestClock& clock_;
  RandomPool& random_;
  GuestIdentity& identity_;
  // What it was told last. Whoever is told the same again is still the same guest, and may have
  // chosen others meanwhile.
  std::string machine_id_;
  std::string hostname_;
};

}  // namespace orch::agent
