#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace orch {

// `status` with "`context`: " before its message, same code and payloads. OK stays OK.
absl::Status Annotate(const absl::Status& status, absl::string_view context);

}  // namespace orch
