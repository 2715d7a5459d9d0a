#include "orchestrator/agent/process/exec_answer.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"

#include "orchestrator/agent/rpc/proto_time.h"

namespace orch::agent {
namespace {

constexpr size_t kMaxStdinBytes = 1024 * 1024;

}  // namespace

absl::StatusOr<ResolvedProcess> ResolveExec(const ProcessServiceContext& context,
                                            const guest::v1::ExecRequest& request) {
  if (request.stdin().size() > kMaxStdinBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("stdin is ", request.stdin().size(), " bytes; at most ", kMaxStdinBytes,
                     " are allowed; use Spawn and WriteStdin for more"));
  }
  if (request.max_output_bytes() > kMostExecOutputBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("max_output_bytes is ", request.max_output_bytes(), "; at most ",
                     kMostExecOutputBytes, " is allowed; use Spawn and StreamOutput for more"));
  }
  const ProcessConfig& config = context.table.config();
  return ResolveProcessSpec(
      request.spec(), context.users, context.defaults,
      {.when_absent = std::min(config.default_exec_timeout, config.max_timeout),
       .max = config.max_timeout});
}

ExecAnswer::ExecAnswer(const guest::v1::ExecRequest& request, const ProcessConfig& config,
                       guest::v1::ExecResponse& response)
    : max_output_bytes_(request.max_output_bytes() == 0 ? config.default_output_bytes
                                                        : request.max_output_bytes()),
      response_(response) {}

void ExecAnswer::Append(ChildProcess::Stream stream, absl::string_view bytes) {
  const bool is_stdout = stream == ChildProcess::kStdout;
  std::string& kept = is_stdout ? *response_.mutable_stdout() : *response_.mutable_stderr();
  const size_t taken = std::min(bytes.size(), max_output_bytes_ - kept.size());
  kept.append(bytes.data(), taken);
  if (taken == bytes.size()) return;
  if (is_stdout) {
    response_.set_stdout_truncated(true);
  } else {
    response_.set_stderr_truncated(true);
  }
}

void ExecAnswer::SetEnd(const ChildEnd& end, bool timed_out, absl::Duration duration) {
  *response_.mutable_duration() = ToProtoDuration(duration);
  if (timed_out) {
    response_.set_status(guest::v1::PROCESS_STATUS_TIMED_OUT);
  } else {
    response_.set_status(end.exited ? guest::v1::PROCESS_STATUS_EXITED
                                    : guest::v1::PROCESS_STATUS_KILLED);
  }
  if (!end.exited) {
    response_.set_signal(end.code);
  } else if (!timed_out) {
    response_.set_exit_code(end.code);
  }
}

}  // namespace orch::agent
