#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/agent/config/process_config.h"

namespace orch::agent {

// INVALID_ARGUMENT: `data` of a message to a process is more than `config` allows.
inline absl::Status CheckInputSize(const std::string& data, const ProcessConfig& config) {
  if (data.size() <= config.max_input_bytes) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("data is ", data.size(), " bytes; at most ",
                                                 config.max_input_bytes,
                                                 " are allowed in a message"));
}

}  // namespace orch::agent
