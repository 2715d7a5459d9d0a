#pragma once

#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"

#include "orchestrator/orchctl/invocation.h"
#include "orchestrator/v1/browsers.pb.h"

namespace orch::ctl {

// Calls `call` for one browser after the other and prints what they are then. What fails is
// reported and does not keep the rest; the exit status is then kExitError.
absl::StatusOr<int> ForEachBrowser(
    Invocation& invocation, const std::vector<std::string>& session_ids,
    absl::FunctionRef<absl::StatusOr<orchestrator::v1::Browser>(const std::string&)> call);

}  // namespace orch::ctl
