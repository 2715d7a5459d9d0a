#pragma once

#include <memory>
#include <string>

#include "orchestrator/gateway/routes/call.h"

namespace orch::gateway {

// Writes `bytes` to a process's standard input and answers `call` with {written_bytes}, or with the
// error.
void WriteStdin(const std::shared_ptr<Call>& call, const std::string& session_id,
                const std::string& process_id, std::string bytes);

}  // namespace orch::gateway
