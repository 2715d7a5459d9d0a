#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "guest/v1/process.pb.h"
#include "nlohmann/json.hpp"
#include "orchestrator/gateway/json/json_fields.h"
#include "orchestrator/gateway/routes/call.h"
#include "orchestrator/gateway/routes/stdin_write.h"

namespace orch::gateway {

// Processes as the Hyperbrowser API has them: commands are shell lines, answers are in snake_case.

// What to run: `command`, `cwd`, `env`, `timeoutMs` or `timeout_sec`, `runAs`. INVALID_ARGUMENT.
absl::StatusOr<guest::v1::ProcessSpec> ReadShellLine(const Call& call, const char* operation);

// `timeoutMs` or `timeout_sec` of `body`; infinite when neither is there.
absl::Duration ReadTimeout(JsonFields& body);
// Sets it, unless it is infinite.
void SetTimeout(absl::Duration timeout, guest::v1::ProcessSpec& spec);

// Since 1970.
int64_t MillisecondsOf(const google::protobuf::Timestamp& time);

// `data`, `encoding` and `eof` of the body. INVALID_ARGUMENT.
absl::StatusOr<StdinBytes> ReadStdinBytes(const Call& call);

// ProcessSummary.
nlohmann::json SummaryJson(const guest::v1::Process& process);
// ProcessResult, of a process with this output.
nlohmann::json ResultJson(const guest::v1::Process& process, const std::string& out,
                          const std::string& err);
// ProcessResult of a command that ran to its end; `id` stands for it.
nlohmann::json ExecResultJson(const guest::v1::ExecResponse& response, const std::string& id,
                              absl::Time ended_at);
// The data of an "output" event.
nlohmann::json OutputJson(const guest::v1::OutputChunk& chunk);

// The status that the API calls `name`. INVALID_ARGUMENT: there is none of that name.
absl::StatusOr<guest::v1::ProcessStatus> ParseStatus(const std::string& name);

}  // namespace orch::gateway
