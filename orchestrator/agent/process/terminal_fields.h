#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/agent/child/pseudo_terminal.h"

namespace orch::agent {

// INVALID_ARGUMENT: `rows` or `cols` is not 1..65535.
inline absl::StatusOr<TerminalSize> ParseTerminalSize(uint32_t rows, uint32_t cols) {
  constexpr uint32_t kMax = 65535;
  if (rows < 1 || rows > kMax || cols < 1 || cols > kMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("rows is ", rows, " and cols is ", cols, "; each must be 1..", kMax));
  }
  return TerminalSize{static_cast<uint16_t>(rows), static_cast<uint16_t>(cols)};
}

}  // namespace orch::agent
