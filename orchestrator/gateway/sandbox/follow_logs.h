#pragma once

#include <memory>

#include "guest/v1/process.pb.h"
#include "orchestrator/gateway/routes/call.h"

namespace orch::gateway {

// Answers with the kept output that `request` asks for, and then with what comes, as events named
// "log". Ends when the process has; which must exist.
void FollowLogs(const std::shared_ptr<Call>& call, const guest::v1::GetLogsRequest& request);

}  // namespace orch::gateway
