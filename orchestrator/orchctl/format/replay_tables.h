#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"

#include "guest/v1/replay.pb.h"

namespace orch::ctl {

// One line per replay under a header; those being made last until `now`.
std::string ReplayTable(const std::vector<guest::v1::Replay>& replays, absl::Time now);

}  // namespace orch::ctl
