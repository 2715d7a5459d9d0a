#include "orchestrator/gateway/kernel/process_fields.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/gateway/json/json_fields.h"
#include "orchestrator/gateway/kernel/browser_fields.h"

namespace orch::gateway {
namespace {

constexpr int64_t kMaxTimeoutSeconds = 86'400;
// What the daemon keeps of each stream at most; see ExecRequest.max_output_bytes.
constexpr uint64_t kMaxOutputBytes = 8 << 20;

void ReadProcessSpec(JsonFields& body, guest::v1::ProcessSpec& spec) {
  spec.set_command(body.RequiredString("command"));
  for (std::string& argument : body.Strings("args")) spec.add_args(std::move(argument));
  if (const auto cwd = body.String("cwd"); cwd.has_value()) {
    if (!absl::StartsWith(*cwd, "/")) {
      body.Refuse("cwd", absl::StatusCode::kInvalidArgument, "must be an absolute path");
    }
    spec.set_cwd(*cwd);
  }
  for (auto& [name, value] : body.StringMap("env")) (*spec.mutable_env())[name] = std::move(value);
  if (const auto user = body.String("as_user")) spec.set_as_user(*user);
  spec.set_as_root(body.Bool("as_root").value_or(false));
  if (const auto seconds = body.Integer("timeout_sec", 1, kMaxTimeoutSeconds)) {
    spec.mutable_timeout()->set_seconds(*seconds);
  }
}

std::string Base64(const std::string& bytes) { return absl::Base64Escape(bytes); }

std::string Event(const nlohmann::json& json) {
  return absl::StrCat("data: ", json.dump(), "\n\n");
}

int ExitCode(const guest::v1::Process& process) {
  return process.has_exit_code() ? process.exit_code() : kKilledExitCode;
}

}  // namespace

absl::StatusOr<guest::v1::ExecRequest> ReadExec(const Call& call) {
  ORCH_RETURN_IF_ERROR(call.CheckQuery({}));
  ORCH_ASSIGN_OR_RETURN(const std::string id, call.SessionId());
  ORCH_ASSIGN_OR_RETURN(const nlohmann::json json, call.Body());
  JsonFields body(json, "browsers.process.exec");
  guest::v1::ExecRequest request;
  request.set_session_id(id);
  request.set_max_output_bytes(kMaxOutputBytes);
  ReadProcessSpec(body, *request.mutable_spec());
  ORCH_RETURN_IF_ERROR(body.Finish());
  return request;
}

absl::StatusOr<guest::v1::SpawnRequest> ReadSpawn(const Call& call) {
  ORCH_RETURN_IF_ERROR(call.CheckQuery({}));
  ORCH_ASSIGN_OR_RETURN(const std::string id, call.SessionId());
  ORCH_ASSIGN_OR_RETURN(const nlohmann::json json, call.Body());
  JsonFields body(json, "browsers.process.spawn");
  guest::v1::SpawnRequest request;
  request.set_session_id(id);
  request.set_open_stdin(true);
  ReadProcessSpec(body, *request.mutable_spec());
  request.set_allocate_tty(body.Bool("allocate_tty").value_or(false));
  request.set_rows(static_cast<uint32_t>(body.Integer("rows", 1, UINT16_MAX).value_or(0)));
  request.set_cols(static_cast<uint32_t>(body.Integer("cols", 1, UINT16_MAX).value_or(0)));
  ORCH_RETURN_IF_ERROR(body.Finish());
  return request;
}

absl::StatusOr<guest::v1::GetRequest> ReadProcessId(const Call& call) {
  ORCH_RETURN_IF_ERROR(call.CheckQuery({}));
  ORCH_ASSIGN_OR_RETURN(const std::string id, call.SessionId());
  guest::v1::GetRequest request;
  request.set_session_id(id);
  request.set_process_id(call.Param("process_id"));
  return request;
}

absl::StatusOr<guest::v1::ResizePtyRequest> ReadResize(const Call& call) {
  ORCH_RETURN_IF_ERROR(call.CheckQuery({}));
  guest::v1::ResizePtyRequest request;
  ORCH_ASSIGN_OR_RETURN(*request.mutable_session_id(), call.SessionId());
  request.set_process_id(call.Param("process_id"));
  ORCH_ASSIGN_OR_RETURN(const nlohmann::json json, call.Body());
  JsonFields body(json, "browsers.process.resize");
  for (const char* side : {"rows", "cols"}) {
    if (!body.Has(side)) body.Refuse(side, absl::StatusCode::kInvalidArgument, "is required");
  }
  request.set_rows(static_cast<uint32_t>(body.Integer("rows", 1, UINT16_MAX).value_or(0)));
  request.set_cols(static_cast<uint32_t>(body.Integer("cols", 1, UINT16_MAX).value_or(0)));
  ORCH_RETURN_IF_ERROR(body.Finish());
  return request;
}

absl::StatusOr<guest::v1::SignalRequest> ReadKill(const Call& call) {
  ORCH_RETURN_IF_ERROR(call.CheckQuery({}));
  ORCH_ASSIGN_OR_RETURN(const std::string id, call.SessionId());
  ORCH_ASSIGN_OR_RETURN(const nlohmann::json json, call.Body());
  JsonFields body(json, "browsers.process.kill");
  guest::v1::SignalRequest request;
  request.set_session_id(id);
  request.set_process_id(call.Param("process_id"));
  request.set_signal(body.String("signal").value_or("TERM"));
  const std::string& signal = request.signal();
  if (signal != "TERM" && signal != "KILL" && signal != "INT" && signal != "HUP") {
    body.Refuse("signal", absl::StatusCode::kInvalidArgument, "must be TERM, KILL, INT or HUP");
  }
  ORCH_RETURN_IF_ERROR(body.Finish());
  return request;
}

absl::StatusOr<std::string> ReadStdin(const Call& call) {
  ORCH_RETURN_IF_ERROR(call.CheckQuery({}));
  ORCH_ASSIGN_OR_RETURN(const nlohmann::json json, call.Body());
  JsonFields body(json, "browsers.process.stdin");
  std::string bytes;
  if (!absl::Base64Unescape(body.RequiredString("data_b64"), &bytes)) {
    body.Refuse("data_b64", absl::StatusCode::kInvalidArgument, "must be base64");
  }
  ORCH_RETURN_IF_ERROR(body.Finish());
  return bytes;
}

nlohmann::json ExecJson(const guest::v1::ExecResponse& response) {
  return {{"exit_code", response.has_exit_code() ? response.exit_code() : kKilledExitCode},
          {"stdout_b64", Base64(response.stdout())},
          {"stderr_b64", Base64(response.stderr())},
          {"duration_ms",
           response.duration().seconds() * 1000 + response.duration().nanos() / 1'000'000}};
}

nlohmann::json SpawnJson(const guest::v1::Process& process) {
  return {{"process_id", process.process_id()},
          {"pid", process.pid()},
          {"started_at", TimeJson(process.started_at())}};
}

nlohmann::json StatusJson(const guest::v1::Process& process) {
  if (process.status() == guest::v1::PROCESS_STATUS_RUNNING ||
      process.status() == guest::v1::PROCESS_STATUS_QUEUED) {
    nlohmann::json status = {{"state", "running"}, {"exit_code", nullptr}};
    if (process.has_usage()) {
      status["cpu_pct"] = process.usage().cpu_percent();
      status["mem_bytes"] = process.usage().memory_bytes();
    }
    return status;
  }
  return {{"state", "exited"}, {"exit_code", ExitCode(process)}};
}

std::string OutputEvent(const guest::v1::StreamOutputResponse& response) {
  if (response.has_output()) {
    const bool is_stderr = response.output().stream() == guest::v1::OUTPUT_STREAM_STDERR;
    return Event({{"stream", is_stderr ? "stderr" : "stdout"},
                  {"data_b64", Base64(response.output().data())}});
  }
  if (response.has_exited()) {
    return Event({{"event", "exit"}, {"exit_code", ExitCode(response.exited())}});
  }
  // The API has no event for this; a comment is seen by people alone.
  return absl::StrCat(": ", response.missed_bytes(), " bytes were dropped\n\n");
}

}  // namespace orch::gateway
