#include "orchestrator/gateway/sandbox/sandbox_fields.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/gateway/json/json_fields.h"

namespace orch::gateway {
namespace {

using ::guest::v1::OutputStream;
using ::guest::v1::Process;
using ::nlohmann::json;

constexpr int64_t kMaxRunMs = 86'400'000;
constexpr size_t kMaxInputBytes = 64 << 10;
// What a guest keeps at most; see ExecRequest.max_output_bytes.
constexpr int64_t kMaxOutputBytes = 8 << 20;

void ReadSpec(JsonFields& body, guest::v1::ProcessSpec& spec) {
  spec.set_command(body.RequiredString("command"));
  for (std::string& argument : body.Strings("args")) spec.add_args(std::move(argument));
  spec.set_cwd(body.String("cwd").value_or(""));
  for (auto& [name, value] : body.StringMap("env")) (*spec.mutable_env())[name] = std::move(value);
}

int64_t Milliseconds(const google::protobuf::Timestamp& time) {
  return time.seconds() * 1000 + time.nanos() / 1'000'000;
}

google::protobuf::Duration ToDuration(int64_t milliseconds) {
  google::protobuf::Duration duration;
  duration.set_seconds(milliseconds / 1000);
  duration.set_nanos(static_cast<int32_t>(milliseconds % 1000) * 1'000'000);
  return duration;
}

int64_t Milliseconds(const google::protobuf::Duration& duration) {
  return duration.seconds() * 1000 + duration.nanos() / 1'000'000;
}

// A number of the query; `fallback` when it is not there.
absl::StatusOr<std::optional<uint64_t>> QueryNumber(const Call& call, const char* name) {
  const std::optional<std::string> text = call.request().target.Query(name);
  if (!text.has_value()) return std::optional<uint64_t>();
  uint64_t value = 0;
  if (!absl::SimpleAtoi(*text, &value)) {
    return absl::InvalidArgumentError(absl::StrCat(name, " must be a whole number"));
  }
  return std::optional<uint64_t>(value);
}

}  // namespace

absl::StatusOr<guest::v1::ExecRequest> ReadSandboxRun(const Call& call) {
  guest::v1::ExecRequest request;
  ORCH_ASSIGN_OR_RETURN(*request.mutable_session_id(), call.SessionId());
  ORCH_ASSIGN_OR_RETURN(const json object, call.Body());
  JsonFields body(object, "runProcess");
  ReadSpec(body, *request.mutable_spec());
  // Absent, and 0, mean what the guest's configuration says.
  if (const int64_t timeout = body.Integer("timeoutMs", 0, kMaxRunMs).value_or(0); timeout > 0) {
    *request.mutable_spec()->mutable_timeout() = ToDuration(timeout);
  }
  request.set_max_output_bytes(
      static_cast<uint64_t>(body.Integer("maxOutputBytes", 1, kMaxOutputBytes).value_or(0)));
  ORCH_RETURN_IF_ERROR(body.Finish());
  return request;
}

absl::StatusOr<guest::v1::SpawnRequest> ReadSandboxCreate(const Call& call) {
  guest::v1::SpawnRequest request;
  ORCH_ASSIGN_OR_RETURN(*request.mutable_session_id(), call.SessionId());
  ORCH_ASSIGN_OR_RETURN(const json object, call.Body());
  JsonFields body(object, "createProcess");
  ReadSpec(body, *request.mutable_spec());
  request.set_allocate_tty(body.Bool("tty").value_or(false));
  request.set_open_stdin(body.Bool("interactive").value_or(false));
  ORCH_RETURN_IF_ERROR(body.Finish());
  return request;
}

absl::StatusOr<guest::v1::SetConfigRequest> ReadSandboxConfig(const Call& call) {
  guest::v1::SetConfigRequest request;
  ORCH_ASSIGN_OR_RETURN(*request.mutable_session_id(), call.SessionId());
  ORCH_ASSIGN_OR_RETURN(const json object, call.Body());
  JsonFields body(object, "setProcessConfig");
  const auto number = [&body](const char* name) {
    if (!body.Has(name)) body.Refuse(name, absl::StatusCode::kInvalidArgument, "is required");
    return body.Integer(name, 1, INT32_MAX).value_or(1);
  };
  auto& config = *request.mutable_config();
  config.set_max_concurrent(static_cast<uint32_t>(number("maxConcurrentProcesses")));
  *config.mutable_default_exec_timeout() = ToDuration(number("defaultRunTimeoutMs"));
  *config.mutable_max_timeout() = ToDuration(number("maxRunTimeoutMs"));
  config.set_default_output_bytes(static_cast<uint64_t>(number("maxOutputBytes")));
  config.set_max_log_bytes(static_cast<uint64_t>(number("maxLogBytesPerProcess")));
  config.set_max_input_bytes(static_cast<uint64_t>(number("maxInputBytesPerRequest")));
  ORCH_RETURN_IF_ERROR(body.Finish());
  return request;
}

json SandboxConfigJson(const guest::v1::ProcessConfig& config) {
  const int64_t longest = Milliseconds(config.max_timeout());
  return {{"maxConcurrentProcesses", config.max_concurrent()},
          {"defaultRunTimeoutMs", std::min(Milliseconds(config.default_exec_timeout()), longest)},
          {"maxRunTimeoutMs", longest},
          {"maxOutputBytes", config.default_output_bytes()},
          {"maxLogBytesPerProcess", config.max_log_bytes()},
          {"maxInputBytesPerRequest", config.max_input_bytes()}};
}

absl::StatusOr<guest::v1::ResizePtyRequest> ReadSandboxResize(const Call& call) {
  guest::v1::ResizePtyRequest request;
  ORCH_ASSIGN_OR_RETURN(*request.mutable_session_id(), call.SessionId());
  request.set_process_id(call.Param("process_id"));
  ORCH_ASSIGN_OR_RETURN(const json object, call.Body());
  JsonFields body(object, "resizeProcessTerminal");
  request.set_cols(static_cast<uint32_t>(body.Integer("cols", 1, UINT16_MAX).value_or(0)));
  request.set_rows(static_cast<uint32_t>(body.Integer("rows", 1, UINT16_MAX).value_or(0)));
  for (const char* side : {"cols", "rows"}) {
    if (!body.Has(side)) body.Refuse(side, absl::StatusCode::kInvalidArgument, "is required");
  }
  ORCH_RETURN_IF_ERROR(body.Finish());
  return request;
}

absl::StatusOr<guest::v1::GetLogsRequest> ReadSandboxLogs(const Call& call) {
  ORCH_RETURN_IF_ERROR(call.CheckQuery({"stream", "since", "tail", "follow", "access_token"}));
  guest::v1::GetLogsRequest request;
  ORCH_ASSIGN_OR_RETURN(*request.mutable_session_id(), call.SessionId());
  request.set_process_id(call.Param("process_id"));
  const std::string stream = call.request().target.Query("stream").value_or("combined");
  if (stream != "combined") {
    for (const OutputStream one : {guest::v1::OUTPUT_STREAM_STDOUT, guest::v1::OUTPUT_STREAM_STDERR,
                                   guest::v1::OUTPUT_STREAM_PTY}) {
      if (stream == OutputStreamName(one)) request.set_stream(one);
    }
    if (request.stream() == guest::v1::OUTPUT_STREAM_UNSPECIFIED) {
      return absl::InvalidArgumentError("stream must be stdout, stderr, combined or pty");
    }
  }
  ORCH_ASSIGN_OR_RETURN(const std::optional<uint64_t> since, QueryNumber(call, "since"));
  ORCH_ASSIGN_OR_RETURN(const std::optional<uint64_t> tail, QueryNumber(call, "tail"));
  request.set_since_sequence(since.value_or(0));
  if (tail.has_value()) {
    request.set_tail(static_cast<uint32_t>(std::min<uint64_t>(*tail, UINT32_MAX)));
  }
  return request;
}

absl::StatusOr<std::string> SandboxInput(const json& object, const std::string& encoding,
                                         bool has_type) {
  JsonFields body(object, "input");
  if (has_type) body.String("type");
  std::string data = body.RequiredString("data");
  const std::string given = body.String("encoding").value_or(encoding);
  if (given == "base64") {
    const std::string text = std::exchange(data, {});
    if (!absl::Base64Unescape(text, &data)) {
      body.Refuse("data", absl::StatusCode::kInvalidArgument, "is invalid base64");
    }
  } else if (given != "utf8" && given != "text") {
    body.Refuse("encoding", absl::StatusCode::kInvalidArgument, "must be base64, utf8 or text");
  }
  ORCH_RETURN_IF_ERROR(body.Finish());
  if (data.size() > kMaxInputBytes) {
    return absl::OutOfRangeError(absl::StrCat("data has more than ", kMaxInputBytes, " bytes"));
  }
  return data;
}

json SandboxRunJson(const guest::v1::ExecResponse& response) {
  return {{"exitCode", response.has_exit_code() ? json(response.exit_code()) : json(nullptr)},
          {"timedOut", response.status() == guest::v1::PROCESS_STATUS_TIMED_OUT},
          {"stdout", response.stdout()},
          {"stderr", response.stderr()},
          {"stdoutTruncated", response.stdout_truncated()},
          {"stderrTruncated", response.stderr_truncated()},
          {"durationMs", Milliseconds(response.duration())}};
}

json SandboxProcessJson(const Process& process) {
  const bool is_over = process.status() != guest::v1::PROCESS_STATUS_RUNNING &&
                       process.status() != guest::v1::PROCESS_STATUS_QUEUED;
  json info = {{"id", process.process_id()},
               {"command", process.spec().command()},
               {"args", std::vector<std::string>(process.spec().args().begin(),
                                                 process.spec().args().end())},
               {"tty", process.tty()},
               // A guest does not tell whether standard input was kept open without a terminal.
               {"interactive", process.tty()},
               {"owner", "user"},
               {"status", is_over ? "exited" : "running"},
               {"createdAtMs", Milliseconds(process.created_at())}};
  if (!process.spec().cwd().empty()) info["cwd"] = process.spec().cwd();
  if (process.pid() != 0) info["pid"] = process.pid();
  if (process.has_exit_code()) info["exitCode"] = process.exit_code();
  if (process.has_finished_at()) info["exitedAtMs"] = Milliseconds(process.finished_at());
  return info;
}

json SandboxLogJson(const guest::v1::OutputChunk& chunk) {
  return {{"sequence", chunk.sequence()},
          {"stream", OutputStreamName(chunk.stream())},
          {"timestampMs", Milliseconds(chunk.time())},
          {"data", absl::Base64Escape(chunk.data())},
          {"encoding", "base64"}};
}

const char* OutputStreamName(OutputStream stream) {
  switch (stream) {
    case guest::v1::OUTPUT_STREAM_STDERR:
      return "stderr";
    case guest::v1::OUTPUT_STREAM_PTY:
      return "pty";
    default:
      return "stdout";
  }
}

void FailSandbox(Call& call, const absl::Status& status, const StatusMap& overrides) {
  const int http_status = HttpStatusOf(status.code(), overrides);
  const char* kind = http_status == 404   ? "not_found"
                     : http_status == 409 ? "conflict"
                     : http_status == 502 ? "stream_error"
                     : http_status < 500  ? "invalid_request"
                                          : "internal";
  const char* title = http_status == 404   ? "Not Found"
                      : http_status == 409 ? "Conflict"
                      : http_status == 502 ? "Stream Error"
                      : http_status < 500  ? "Invalid Request"
                                           : "Internal Error";
  const json problem = {{"type", absl::StrCat("urn:sandbox-agent:error:", kind)},
                        {"title", title},
                        {"status", http_status},
                        {"detail", std::string(status.message())}};
  call.Answer({.status = http_status,
               .content_type = "application/problem+json",
               .headers = {},
               .body = problem.dump(-1, ' ', false, json::error_handler_t::replace)});
}

}  // namespace orch::gateway
