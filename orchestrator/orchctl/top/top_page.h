#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"

#include "orchestrator/orchctl/top/fleet.h"
#include "orchestrator/orchctl/top/screen.h"

namespace orch::ctl {

// What `orchctl top` shows of a fleet: a summary, pools, browsers by state. With `rows` it has no
// more lines than that, and says how many it leaves out; pools take half of them at most.
std::vector<Screen::Line> TopPage(const Fleet::View& fleet, const std::string& target,
                                  absl::Time now, std::optional<size_t> rows);

}  // namespace orch::ctl
