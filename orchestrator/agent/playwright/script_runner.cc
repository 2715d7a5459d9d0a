#include "orchestrator/agent/playwright/script_runner.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "orchestrator/base/status_macros.h"
#include "orchestrator/base/utf8.h"

namespace orch::agent {
namespace {

constexpr size_t kMaxComplaintBytes = 2048;

// For a field that must be UTF-8, whatever the guest sent.
std::string Text(absl::string_view bytes) {
  return IsUtf8(bytes) ? std::string(bytes) : "(not UTF-8)";
}

// Appends what still fits; false when something did not.
bool AppendBounded(absl::string_view bytes, std::string& to) {
  const size_t taken = std::min(bytes.size(), ScriptRunner::kMaxPrintedBytes - to.size());
  to.append(bytes.data(), taken);
  return taken == bytes.size();
}

}  // namespace

absl::StatusOr<std::unique_ptr<ScriptRunner>> ScriptRunner::Start(const ChildContext& context,
                                                                  ChildSpec child) {
  std::unique_ptr<ScriptRunner> runner(new ScriptRunner);
  ChildProcess::Options options;
  options.child = std::move(child);
  options.stdin_mode = ChildProcess::Stdin::kOpen;
  ORCH_ASSIGN_OR_RETURN(runner->child_, ChildProcess::Start(context, std::move(options), *runner));
  return runner;
}

void ScriptRunner::Run(const std::string& code, guest::v1::ExecuteResponse& response,
                       std::function<void()> begun, Done done) {
  response_ = &response;
  begun_ = std::move(begun);
  done_ = std::move(done);
  status_ = absl::OkStatus();
  // A runner that ends instead of reading is noticed by its end.
  child_->WriteStdin(FrameScript(code), false, [](const absl::Status&) {});
}

void ScriptRunner::OnOutput(ChildProcess::Stream stream, absl::string_view bytes) {
  if (stream == ChildProcess::kStderr) {
    absl::StrAppend(&complaints_, bytes);
    if (complaints_.size() > kMaxComplaintBytes) {
      complaints_.erase(0, complaints_.size() - kMaxComplaintBytes);
    }
    return;
  }
  if (broken_) return;
  const absl::Status fed = parser_.Feed(
      bytes, [this](RunnerFrame kind, absl::string_view payload) { HandleFrame(kind, payload); });
  if (fed.ok()) return;
  broken_ = true;
  Fail(fed.message());
}

void ScriptRunner::HandleFrame(RunnerFrame kind, absl::string_view payload) {
  // After its end a script may still print.
  if (response_ == nullptr) return;
  switch (kind) {
    case RunnerFrame::kBegun:
      begun_();
      break;
    case RunnerFrame::kStdout:
      if (!AppendBounded(payload, *response_->mutable_stdout())) {
        response_->set_stdout_truncated(true);
      }
      break;
    case RunnerFrame::kStderr:
      if (!AppendBounded(payload, *response_->mutable_stderr())) {
        response_->set_stderr_truncated(true);
      }
      break;
    case RunnerFrame::kResult:
      response_->set_result_json(Text(payload));
      break;
    case RunnerFrame::kErrorName:
      response_->mutable_error()->set_name(Text(payload));
      break;
    case RunnerFrame::kErrorMessage:
      response_->mutable_error()->set_message(Text(payload));
      break;
    case RunnerFrame::kErrorStack:
      response_->mutable_error()->set_stack(Text(payload));
      break;
    case RunnerFrame::kParseError:
      status_ = absl::InvalidArgumentError(absl::StrCat("code does not parse: ", Text(payload)));
      break;
    case RunnerFrame::kUnreachable:
      status_ = absl::UnavailableError(
          absl::StrCat("Chromium does not answer; it may be starting, try again: ", Text(payload)));
      break;
    case RunnerFrame::kDone:
      response_->set_success(!response_->has_error());
      Finish(status_);
      break;
  }
}

void ScriptRunner::OnEnd(const ChildEnd& end, bool) {
  end_ = absl::StrCat("the script's process ended ",
                      end.exited ? "with exit status " : "by signal ", end.code);
}

void ScriptRunner::OnDrained() {
  Fail(absl::StrCat(end_, complaints_.empty() ? "" : ": ", Text(complaints_)));
}

void ScriptRunner::Fail(absl::string_view message) {
  if (response_ == nullptr) return;
  response_->set_success(false);
  response_->clear_result_json();
  response_->mutable_error()->set_name("ScriptKilledError");
  response_->mutable_error()->set_message(std::string(message));
  Finish(absl::OkStatus());
}

void ScriptRunner::Finish(const absl::Status& status) {
  response_ = nullptr;
  std::exchange(done_, nullptr)(status);
}

}  // namespace orch::agent
