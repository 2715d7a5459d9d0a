#pragma once

#include <memory>

#include "absl/status/statusor.h"

#include "orchestrator/daemon/config.h"
#include "orchestrator/daemon/state_dir.h"
#include "orchestrator/gateway/gateway.h"
#include "orchestrator/server/api_keys.h"
#include "orchestrator/server/api_server.h"

namespace orch {

// Starts the HTTP gateway on what `server` serves, as `config` says; nullptr when it says nowhere.
// Where there is no key yet it makes one and prints it, once. All must outlive the gateway.
absl::StatusOr<std::unique_ptr<gateway::Gateway>> StartHttpApi(const Config& config,
                                                               const StateDir& state_dir,
                                                               ApiKeys& keys, ApiServer& server,
                                                               const Clock& clock);

}  // namespace orch
