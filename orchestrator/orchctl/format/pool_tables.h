#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"

#include "orchestrator/v1/pools.pb.h"

namespace orch::ctl {

// One line per pool under a header; ages are as of `now`.
std::string PoolTable(const std::vector<orchestrator::v1::Pool>& pools, absl::Time now);

// All that is known of one pool, one field per line.
std::string PoolDetails(const orchestrator::v1::Pool& pool);

// One line for a change. Columns of successive lines align while the numbers have four digits at
// most.
std::string PoolEvent(const orchestrator::v1::Pool& pool, absl::Time now);

// What a person calls it: its name, or else its id.
std::string PoolLabel(const orchestrator::v1::Pool& pool);

}  // namespace orch::ctl
