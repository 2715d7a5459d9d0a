#pragma once

#include "orchestrator/agent/child/child_process.h"
#include "orchestrator/agent/child/user_database.h"
#include "orchestrator/agent/process/process_table.h"
#include "orchestrator/agent/process/resolve_process_spec.h"

namespace orch::agent {

// What the calls of ProcessService work on. All of it outlives the server.
struct ProcessServiceContext {
  ChildContext children;
  ProcessTable& table;
  const UserDatabase& users;
  ProcessDefaults defaults;
};

}  // namespace orch::agent
