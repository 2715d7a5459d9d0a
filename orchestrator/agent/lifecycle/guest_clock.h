#pragma once

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace orch::agent {

// The guest's wall clock, which stands still while the guest is paused or saved. Thread-safe.
class GuestClock {
 public:
  virtual ~GuestClock() = default;

  virtual absl::Time Now() const = 0;

  // Makes Now() go on from `time`. INTERNAL: the kernel refuses; the message says why.
  virtual absl::Status Set(absl::Time time) = 0;
};

// CLOCK_REALTIME.
class KernelClock final : public GuestClock {
 public:
  absl::Time Now() const override;
  absl::Status Set(absl::Time time) override;
};

}  // namespace orch::agent
