#pragma once

#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace orch::agent {

// What the guest draws its random numbers from. Two copies of one guest draw the same ones until
// each was given something of its own. Thread-safe.
class RandomPool {
 public:
  static constexpr size_t kMinEntropyBytes = 32;
  static constexpr size_t kMaxEntropyBytes = 512;

  virtual ~RandomPool() = default;

  // Mixes `entropy` in, kMinEntropyBytes to kMaxEntropyBytes secret random bytes; what is drawn
  // afterwards depends on all of it. INTERNAL: the kernel refuses; the message says why.
  virtual absl::Status Reseed(absl::string_view entropy) = 0;
};

// The Linux random number generator, see random(4).
class KernelRandomPool final : public RandomPool {
 public:
  absl::Status Reseed(absl::string_view entropy) override;
};

}  // namespace orch::agent
