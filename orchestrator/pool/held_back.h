#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "orchestrator/pool/pool_plan.h"

namespace orch {

// WhyHeldBack in words; empty for kNothing. `refusal` is what the host said when it refused the
// last creation, with its figures; `error` what went wrong with the last creation. Pure.
std::string DescribeHeldBack(const PoolView& pool, absl::string_view refusal,
                             absl::string_view error, absl::Time now);

}  // namespace orch
