#pragma once

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace orch {

// Tells the time. Everything that decides by time takes one, so that tests can use their own.
// Implementations are thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual absl::Time Now() const = 0;
};

// The machine's wall clock.
class SystemClock : public Clock {
 public:
  absl::Time Now() const override { return absl::Now(); }
};

}  // namespace orch
