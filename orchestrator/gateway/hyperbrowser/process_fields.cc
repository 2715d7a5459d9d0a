#include "orchestrator/gateway/hyperbrowser/process_fields.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/gateway/sandbox/sandbox_fields.h"

namespace orch::gateway {
namespace {

using ::guest::v1::Process;
using ::guest::v1::ProcessStatus;
using ::nlohmann::json;

constexpr int64_t kMaxTimeoutMs = 86'400'000;

const char* StatusName(ProcessStatus status) {
  switch (status) {
    case guest::v1::PROCESS_STATUS_EXITED:
      return "exited";
    case guest::v1::PROCESS_STATUS_KILLED:
      return "killed";
    case guest::v1::PROCESS_STATUS_TIMED_OUT:
      return "timed_out";
    case guest::v1::PROCESS_STATUS_QUEUED:
      return "queued";
    case guest::v1::PROCESS_STATUS_FAILED:
      return "failed";
    default:
      return "running";
  }
}

template <typename Ended>
json ExitCode(const Ended& ended) {
  return ended.has_exit_code() ? json(ended.exit_code()) : json(nullptr);
}

}  // namespace

absl::Duration ReadTimeout(JsonFields& body) {
  const auto milliseconds = body.Integer("timeoutMs", 0, kMaxTimeoutMs);
  const auto seconds = body.Integer("timeout_sec", 0, kMaxTimeoutMs / 1000);
  if (milliseconds.value_or(0) > 0) return absl::Milliseconds(*milliseconds);
  if (seconds.value_or(0) > 0) return absl::Seconds(*seconds);
  return absl::InfiniteDuration();
}

void SetTimeout(absl::Duration timeout, guest::v1::ProcessSpec& spec) {
  if (timeout == absl::InfiniteDuration()) return;
  const int64_t milliseconds = absl::ToInt64Milliseconds(timeout);
  spec.mutable_timeout()->set_seconds(milliseconds / 1000);
  spec.mutable_timeout()->set_nanos(static_cast<int32_t>(milliseconds % 1000) * 1'000'000);
}

int64_t MillisecondsOf(const google::protobuf::Timestamp& time) {
  return time.seconds() * 1000 + time.nanos() / 1'000'000;
}

absl::StatusOr<guest::v1::ProcessSpec> ReadShellLine(const Call& call, const char* operation) {
  ORCH_RETURN_IF_ERROR(call.CheckQuery({}));
  ORCH_ASSIGN_OR_RETURN(const json object, call.Body());
  JsonFields body(object, operation);
  guest::v1::ProcessSpec spec;
  spec.set_shell(true);
  spec.set_command(body.RequiredString("command"));
  spec.set_cwd(body.String("cwd").value_or(""));
  for (auto& [name, value] : body.StringMap("env")) (*spec.mutable_env())[name] = std::move(value);
  spec.set_as_user(body.String("runAs").value_or(""));
  SetTimeout(ReadTimeout(body), spec);
  ORCH_RETURN_IF_ERROR(body.Finish());
  return spec;
}

absl::StatusOr<StdinBytes> ReadStdinBytes(const Call& call) {
  ORCH_RETURN_IF_ERROR(call.CheckQuery({}));
  ORCH_ASSIGN_OR_RETURN(const json object, call.Body());
  JsonFields body(object, "stdin");
  StdinBytes input{.session_id = call.SessionId().value_or(""),
                   .process_id = call.Param("process_id"),
                   .bytes = body.String("data").value_or(""),
                   .eof = body.Bool("eof").value_or(false)};
  const std::string encoding = body.String("encoding").value_or("utf8");
  if (encoding == "base64") {
    const std::string text = std::exchange(input.bytes, {});
    if (!absl::Base64Unescape(text, &input.bytes)) {
      body.Refuse("data", absl::StatusCode::kInvalidArgument, "is invalid base64");
    }
  } else if (encoding != "utf8") {
    body.Refuse("encoding", absl::StatusCode::kInvalidArgument, "must be utf8 or base64");
  }
  ORCH_RETURN_IF_ERROR(body.Finish());
  return input;
}

json SummaryJson(const Process& process) {
  json summary = {
      {"id", process.process_id()},          {"status", StatusName(process.status())},
      {"command", process.spec().command()}, {"cwd", process.spec().cwd()},
      {"exit_code", ExitCode(process)},      {"started_at", MillisecondsOf(process.created_at())}};
  if (process.pid() != 0) summary["pid"] = process.pid();
  if (process.has_finished_at()) summary["completed_at"] = MillisecondsOf(process.finished_at());
  return summary;
}

json ResultJson(const Process& process, const std::string& out, const std::string& err) {
  json result = {{"id", process.process_id()},
                 {"status", StatusName(process.status())},
                 {"exit_code", ExitCode(process)},
                 {"stdout", out},
                 {"stderr", err},
                 {"started_at", MillisecondsOf(process.created_at())}};
  if (!process.error().empty()) result["error"] = process.error();
  if (process.has_finished_at()) result["completed_at"] = MillisecondsOf(process.finished_at());
  return result;
}

json ExecResultJson(const guest::v1::ExecResponse& response, const std::string& id,
                    absl::Time ended_at) {
  const int64_t ended = absl::ToUnixMillis(ended_at);
  const auto& duration = response.duration();
  return {{"id", id},
          {"status", StatusName(response.status())},
          {"exit_code", ExitCode(response)},
          {"stdout", response.stdout()},
          {"stderr", response.stderr()},
          {"started_at", ended - duration.seconds() * 1000 - duration.nanos() / 1'000'000},
          {"completed_at", ended}};
}

json OutputJson(const guest::v1::OutputChunk& chunk) {
  return {{"stream", chunk.stream() == guest::v1::OUTPUT_STREAM_STDERR ? "stderr" : "stdout"},
          {"seq", chunk.sequence()},
          {"data", chunk.data()},
          {"timestamp", MillisecondsOf(chunk.time())}};
}

absl::StatusOr<ProcessStatus> ParseStatus(const std::string& name) {
  for (const ProcessStatus status :
       {guest::v1::PROCESS_STATUS_RUNNING, guest::v1::PROCESS_STATUS_EXITED,
        guest::v1::PROCESS_STATUS_KILLED, guest::v1::PROCESS_STATUS_TIMED_OUT,
        guest::v1::PROCESS_STATUS_QUEUED, guest::v1::PROCESS_STATUS_FAILED}) {
    if (name == StatusName(status)) return status;
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "status has ", name, "; known are queued, running, exited, failed, killed, timed_out"));
}

}  // namespace orch::gateway
