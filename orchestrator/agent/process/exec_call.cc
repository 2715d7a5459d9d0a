#include "orchestrator/agent/process/exec_call.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "orchestrator/agent/loop/monotonic_time.h"
#include "orchestrator/agent/rpc/proto_time.h"
#include "orchestrator/base/grpc_status.h"
#include "orchestrator/base/status_macros.h"

namespace orch::agent {
namespace {

// The limits that process.proto promises.
constexpr absl::Duration kDefaultTimeout = absl::Seconds(60);
constexpr size_t kMaxStdinBytes = 1024 * 1024;
constexpr size_t kDefaultOutputBytes = 1024 * 1024;
constexpr size_t kMaxOutputBytes = 8 * 1024 * 1024;

}  // namespace

ExecCall::ExecCall(const ProcessServiceContext& context, const guest::v1::ExecRequest& request,
                   guest::v1::ExecResponse& response)
    : context_(context), request_(request), response_(response) {
  context_.children.loop.Post([this] {
    if (absl::Status started = Start(); !started.ok()) FinishOnce(started);
  });
}

void ExecCall::OnCancel() {
  context_.children.loop.Post(
      [this] { FinishOnce(absl::CancelledError("cancelled by the caller")); });
}

void ExecCall::OnDone() {
  context_.children.loop.Post([this] { delete this; });
}

absl::Status ExecCall::Start() {
  if (finished_) return absl::OkStatus();
  if (request_.stdin().size() > kMaxStdinBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("stdin is ", request_.stdin().size(), " bytes; at most ", kMaxStdinBytes,
                     " are allowed; use Spawn and WriteStdin for more"));
  }
  if (request_.max_output_bytes() > kMaxOutputBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("max_output_bytes is ", request_.max_output_bytes(), "; at most ",
                     kMaxOutputBytes, " is allowed; use Spawn and StreamOutput for more"));
  }
  max_output_bytes_ =
      request_.max_output_bytes() == 0 ? kDefaultOutputBytes : request_.max_output_bytes();
  ORCH_ASSIGN_OR_RETURN(
      ResolvedProcess resolved,
      ResolveProcessSpec(request_.spec(), context_.users, context_.defaults, kDefaultTimeout));
  ORCH_ASSIGN_OR_RETURN(slot_, context_.table.Admit());
  ChildProcess::Options options;
  options.child = std::move(resolved.child);
  options.timeout = resolved.timeout;
  options.stdin_mode =
      request_.stdin().empty() ? ChildProcess::Stdin::kNull : ChildProcess::Stdin::kData;
  options.stdin_bytes = request_.stdin();
  started_ = BootTime();
  ORCH_ASSIGN_OR_RETURN(child_, ChildProcess::Start(context_.children, std::move(options), *this));
  return absl::OkStatus();
}

void ExecCall::FinishOnce(const absl::Status& status) {
  if (std::exchange(finished_, true)) return;
  // Kills what still runs.
  child_.reset();
  slot_.reset();
  Finish(ToGrpcStatus(status));
}

void ExecCall::OnOutput(ChildProcess::Stream stream, absl::string_view bytes) {
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

void ExecCall::OnEnd(const ChildEnd& end, bool timed_out) {
  *response_.mutable_duration() = ToProtoDuration(BootTime() - started_);
  if (end.exited) {
    response_.set_status(guest::v1::PROCESS_STATUS_EXITED);
    response_.set_exit_code(end.code);
  } else {
    response_.set_status(guest::v1::PROCESS_STATUS_KILLED);
    response_.set_signal(end.code);
  }
  if (!timed_out) return;
  response_.set_status(guest::v1::PROCESS_STATUS_TIMED_OUT);
  response_.clear_exit_code();
}

void ExecCall::OnDrained() { FinishOnce(absl::OkStatus()); }

}  // namespace orch::agent
