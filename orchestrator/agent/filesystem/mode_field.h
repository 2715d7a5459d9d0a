#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"

namespace orch::agent {

inline constexpr uint32_t kAllModeBits = 07777;

// INVALID_ARGUMENT: a request's mode has more than permission bits.
inline absl::Status CheckMode(uint32_t mode) {
  if (mode <= kAllModeBits) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("mode is 0%o; it must be 0..0%o", mode, kAllModeBits));
}

}  // namespace orch::agent
