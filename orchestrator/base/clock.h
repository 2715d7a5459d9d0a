#pragma once

#include <chrono>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace orch {

// Tells the time. Everything that decides by time takes one, so that tests can use their own.
// Implementations are thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;

  // The wall clock, which somebody may set.
  virtual absl::Time Now() const = 0;

  // Time that only ever goes on, at the pace of a second per second, from an arbitrary start: what
  // timeouts are measured with.
  virtual absl::Duration Uptime() const = 0;
};

// The machine's clocks.
class SystemClock : public Clock {
 public:
  absl::Time Now() const override { return absl::Now(); }
  absl::Duration Uptime() const override {
    return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
  }
};

}  // namespace orch
