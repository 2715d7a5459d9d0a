#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "guest/v1/process.pb.h"
#include "nlohmann/json.hpp"
#include "orchestrator/gateway/routes/call.h"

namespace orch::gateway {

// What is told about processes by the sandbox-agent API: camelCase, absent where there is nothing.

// What the routes are asked for, as requests of guest.v1. INVALID_ARGUMENT names the field.
absl::StatusOr<guest::v1::ExecRequest> ReadSandboxRun(const Call& call);
absl::StatusOr<guest::v1::SpawnRequest> ReadSandboxCreate(const Call& call);
// All six fields are required.
absl::StatusOr<guest::v1::SetConfigRequest> ReadSandboxConfig(const Call& call);
absl::StatusOr<guest::v1::ResizePtyRequest> ReadSandboxResize(const Call& call);
// Query `stream`, `since` and `tail`; `follow` may be there, too.
absl::StatusOr<guest::v1::GetLogsRequest> ReadSandboxLogs(const Call& call);

// The bytes that `json` gives as `data` and `encoding` (base64, utf8 or text; else `encoding`).
// INVALID_ARGUMENT; OUT_OF_RANGE: more than 64 KiB.
absl::StatusOr<std::string> SandboxInput(const nlohmann::json& json, const std::string& encoding,
                                         bool has_type);

nlohmann::json SandboxRunJson(const guest::v1::ExecResponse& response);
nlohmann::json SandboxProcessJson(const guest::v1::Process& process);
nlohmann::json SandboxConfigJson(const guest::v1::ProcessConfig& config);
nlohmann::json SandboxLogJson(const guest::v1::OutputChunk& chunk);
// "stdout", "stderr" or "pty".
const char* OutputStreamName(guest::v1::OutputStream stream);

// Answers with an error as this API has them: application/problem+json.
void FailSandbox(Call& call, const absl::Status& status, const StatusMap& overrides = {});

}  // namespace orch::gateway
