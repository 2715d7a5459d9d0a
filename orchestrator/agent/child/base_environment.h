#pragma once

#include <map>
#include <string>
#include <vector>

#include "orchestrator/agent/child/user_database.h"

namespace orch::agent {

// The environment of every process that the agent starts, as "NAME=value": PATH, HOME, USER,
// LOGNAME, SHELL, LANG=C.UTF-8, TERM, and DISPLAY=:0 when `headful`; `overrides` replace and add.
// Sorted by name.
std::vector<std::string> BaseEnvironment(const User& user, bool headful,
                                         const std::map<std::string, std::string>& overrides);

}  // namespace orch::agent
