#pragma once

#include <string>

#include "absl/status/statusor.h"

#include "guest/v1/process.pb.h"
#include "nlohmann/json.hpp"
#include "orchestrator/gateway/routes/call.h"

namespace orch::gateway {

// Bodies of the process routes, into requests of guest.v1. INVALID_ARGUMENT, UNIMPLEMENTED as
// JsonFields; NOT_FOUND: the path names no browser.
absl::StatusOr<guest::v1::ExecRequest> ReadExec(const Call& call);
absl::StatusOr<guest::v1::SpawnRequest> ReadSpawn(const Call& call);
absl::StatusOr<guest::v1::GetRequest> ReadProcessId(const Call& call);
absl::StatusOr<guest::v1::ResizePtyRequest> ReadResize(const Call& call);
absl::StatusOr<guest::v1::SignalRequest> ReadKill(const Call& call);
// The bytes to write.
absl::StatusOr<std::string> ReadStdin(const Call& call);

nlohmann::json ExecJson(const guest::v1::ExecResponse& response);
nlohmann::json SpawnJson(const guest::v1::Process& process);
nlohmann::json StatusJson(const guest::v1::Process& process);

// What a process that was killed has for an exit code in the API, which knows no signals.
inline constexpr int kKilledExitCode = -1;

// One server-sent event of stdout/stream.
std::string OutputEvent(const guest::v1::StreamOutputResponse& response);

}  // namespace orch::gateway
