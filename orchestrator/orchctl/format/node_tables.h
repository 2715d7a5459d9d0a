#pragma once

#include <string>

#include "absl/time/time.h"

#include "orchestrator/v1/node.pb.h"

namespace orch::ctl {

// All that is known of a node: its fields one per line, then a table of its images. Uptime is as of
// `now`.
std::string NodeDetails(const orchestrator::v1::Node& node, absl::Time now);

}  // namespace orch::ctl
