#pragma once

#include <string>
#include <vector>

#include "orchestrator/agent/lifecycle/guest_clock.h"
#include "orchestrator/agent/lifecycle/guest_identity.h"
#include "orchestrator/agent/lifecycle/random_pool.h"

namespace orch::agent {

// What the agent sets in a guest's kernel, without one. Not thread-safe.
class FakeGuestClock final : public GuestClock {
 public:
  absl::Time Now() const override { return now; }
  absl::Status Set(absl::Time time) override {
    now = time;
    return absl::OkStatus();
  }

  absl::Time now = absl::FromUnixSeconds(1'800'000'000);
};

class FakeRandomPool final : public RandomPool {
 public:
  absl::Status Reseed(absl::string_view entropy) override {
    seeds.emplace_back(entropy);
    return absl::OkStatus();
  }

  std::vector<std::string> seeds;
};

}  // namespace orch::agent
