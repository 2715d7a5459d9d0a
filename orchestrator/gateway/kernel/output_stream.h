#pragma once

#include <memory>
#include <string>

#include "orchestrator/gateway/routes/call.h"

namespace orch::gateway {

// Answers `call` with a process's output as server-sent events, from the oldest that is kept to its
// end. A client that reads slowly slows the guest's stream down.
void StreamOutput(const std::shared_ptr<Call>& call, const std::string& session_id,
                  const std::string& process_id);

}  // namespace orch::gateway
