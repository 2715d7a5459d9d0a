#include "orchestrator/agent/playwright/playwright_service.h"

#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"

#include "orchestrator/agent/child/base_environment.h"
#include "orchestrator/base/annotate.h"
#include "orchestrator/base/grpc_status.h"
#include "orchestrator/base/status_macros.h"

namespace orch::agent {
namespace {

// The limits that playwright.proto promises.
constexpr size_t kMaxCodeBytes = 1024 * 1024;
constexpr uint32_t kDefaultTimeoutSeconds = 60;
constexpr uint32_t kMaxTimeoutSeconds = 300;
// Until Node.js and Playwright are loaded and the browser answers; that can take a minute where
// guests are emulated and the host is busy.
constexpr absl::Duration kMaxStartTime = absl::Minutes(2);

}  // namespace

// One Execute. Belongs to gRPC until OnDone, then deletes itself on the loop, to which its state is
// confined.
class PlaywrightService::ExecuteCall final : public grpc::ServerUnaryReactor {
 public:
  ExecuteCall(PlaywrightService& service, const guest::v1::ExecuteRequest& request,
              guest::v1::ExecuteResponse& response)
      : service_(service), request_(request), response_(response) {
    loop().Post([this] {
      if (absl::Status started = Start(); !started.ok()) FinishOnce(started);
    });
  }

  void OnCancel() override {
    loop().Post([this] { FinishOnce(absl::CancelledError("cancelled by the caller")); });
  }

  void OnDone() override {
    loop().Post([this] { delete this; });
  }

 private:
  EventLoop& loop() const { return service_.options_.children.loop; }

  absl::Status Start() {
    if (finished_) return absl::OkStatus();
    if (request_.code().empty() || request_.code().size() > kMaxCodeBytes) {
      return absl::InvalidArgumentError(
          absl::StrCat("code has ", request_.code().size(), " bytes; it takes 1..", kMaxCodeBytes));
    }
    const uint32_t seconds =
        request_.has_timeout_seconds() ? request_.timeout_seconds() : kDefaultTimeoutSeconds;
    if (seconds < 1 || seconds > kMaxTimeoutSeconds) {
      return absl::InvalidArgumentError(
          absl::StrCat("timeout_seconds is ", seconds, "; it takes 1..", kMaxTimeoutSeconds));
    }
    ORCH_ASSIGN_OR_RETURN(runner_, service_.TakeRunner());
    timer_ = loop().RunAfter(kMaxStartTime, [this] {
      FinishOnce(absl::UnavailableError(absl::StrCat("the script runner was not ready in ",
                                                     absl::FormatDuration(kMaxStartTime),
                                                     "; the guest is very slow, try again")));
    });
    const auto begun = [this, seconds] {
      loop().CancelTimer(timer_);
      timer_ = loop().RunAfter(absl::Seconds(seconds), [this, seconds] { TimedOut(seconds); });
    };
    runner_->Run(request_.code(), response_, begun, [this](const absl::Status& status) {
      // The runner is at work on the end of it.
      loop().Post([this, status] { FinishOnce(status); });
    });
    return absl::OkStatus();
  }

  void TimedOut(uint32_t seconds) {
    response_.set_success(false);
    response_.clear_result_json();
    response_.mutable_error()->set_name("ScriptTimeoutError");
    response_.mutable_error()->set_message(
        absl::StrCat("the script did not end in ", seconds, " s and was killed"));
    FinishOnce(absl::OkStatus());
  }

  void FinishOnce(const absl::Status& status) {
    if (std::exchange(finished_, true)) return;
    loop().CancelTimer(timer_);
    if (runner_ != nullptr) service_.ReturnRunner(std::move(runner_));
    Finish(ToGrpcStatus(status));
  }

  PlaywrightService& service_;
  const guest::v1::ExecuteRequest& request_;
  guest::v1::ExecuteResponse& response_;
  bool finished_ = false;
  EventLoop::TimerId timer_ = 0;
  std::unique_ptr<ScriptRunner> runner_;
};

PlaywrightService::~PlaywrightService() {
  // Calls of the past may still be on their way to their end there.
  options_.children.loop.RunAndWait([this] { idle_.reset(); });
}

grpc::ServerUnaryReactor* PlaywrightService::Execute(grpc::CallbackServerContext*,
                                                     const guest::v1::ExecuteRequest* request,
                                                     guest::v1::ExecuteResponse* response) {
  return new ExecuteCall(*this, *request, *response);
}

absl::StatusOr<std::unique_ptr<ScriptRunner>> PlaywrightService::TakeRunner() {
  if (options_.command.empty()) {
    return absl::UnimplementedError(
        "this browser's image has no Playwright; the image chromium has, and any client reaches "
        "CDP through a tunnel to guest port 9222");
  }
  if (taken_ >= kMaxScripts) {
    return absl::ResourceExhaustedError(
        absl::StrCat(kMaxScripts, " scripts run, which is the limit; retry when one is done"));
  }
  std::unique_ptr<ScriptRunner> runner = std::move(idle_);
  if (runner == nullptr || !runner->idle()) {
    ChildSpec child;
    ORCH_ASSIGN_OR_RETURN(child.user, options_.users.Find(options_.user));
    child.argv = options_.command;
    child.argv.push_back(options_.devtools_url);
    child.env = BaseEnvironment(child.user, options_.headful, {});
    child.cwd = child.user.home.empty() ? "/" : child.user.home;
    auto started = ScriptRunner::Start(options_.children, std::move(child));
    if (!started.ok()) return Annotate(started.status(), "cannot start the script runner");
    runner = *std::move(started);
  }
  ++taken_;
  return runner;
}

void PlaywrightService::ReturnRunner(std::unique_ptr<ScriptRunner> runner) {
  --taken_;
  // One that is in the middle of a script is killed here.
  if (runner->idle() && idle_ == nullptr) idle_ = std::move(runner);
}

}  // namespace orch::agent
