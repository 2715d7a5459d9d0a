#include "orchestrator/agent/supervisor/program.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "orchestrator/agent/child/base_environment.h"
#include "orchestrator/agent/loop/monotonic_time.h"
#include "orchestrator/agent/loop/wall_time.h"
#include "orchestrator/agent/rpc/proto_time.h"
#include "orchestrator/base/log.h"
#include "orchestrator/base/status_macros.h"

namespace orch::agent {

absl::Duration NextRestartDelay(const RestartPolicy& policy, absl::Duration last_delay,
                                absl::Duration ran_for) {
  if (last_delay == absl::ZeroDuration() || ran_for >= policy.healthy_after) {
    return policy.first_delay;
  }
  return std::min(2 * last_delay, policy.max_delay);
}

Program::Program(const ChildContext& context, const UserDatabase& users, ProgramConfig config,
                 Options options, std::function<void()> on_change)
    : context_(context),
      users_(users),
      config_(std::move(config)),
      options_(std::move(options)),
      on_change_(std::move(on_change)),
      log_(options_.log_directory, config_.name) {}

Program::~Program() { context_.loop.CancelTimer(restart_timer_); }

void Program::Start() {
  started_ = true;
  Launch();
}

void Program::Launch() {
  launched_ = BootTime();
  started_at_ = WallTime();
  if (const absl::Status launched = TryLaunch(); !launched.ok()) {
    last_end_ = std::string(launched.message());
    Log(LogLevel::kError, "program_not_started", {{"name", config_.name}, {"status", launched}});
    RestartLater(absl::ZeroDuration());
    return;
  }
  Log(LogLevel::kInfo, "program_started", {{"name", config_.name}, {"pid", child_->pid()}});
  if (config_.probe == ReadyProbe::kStarted) {
    BecomeReady();
  } else {
    probe_ = std::make_unique<ReadinessProbe>(context_.loop, config_, [this] { BecomeReady(); });
  }
}

absl::Status Program::TryLaunch() {
  ChildProcess::Options options;
  ORCH_ASSIGN_OR_RETURN(options.child.user, users_.Find(config_.user));
  options.child.argv = config_.argv;
  options.child.env = BaseEnvironment(options.child.user, options_.headful, config_.env);
  const std::string root = "/";
  options.child.cwd = options.child.user.home.empty() ? root : options.child.user.home;
  absl::StatusOr<std::unique_ptr<ChildProcess>> child =
      ChildProcess::Start(context_, options, *this);
  if (absl::IsNotFound(child.status()) && options.child.cwd != root) {
    // A user without home directory.
    options.child.cwd = root;
    child = ChildProcess::Start(context_, std::move(options), *this);
  }
  ORCH_RETURN_IF_ERROR(child.status());
  child_ = *std::move(child);
  return absl::OkStatus();
}

void Program::BecomeReady() {
  // The probe is what calls this: it must not be destroyed before it returns.
  context_.loop.Post([probe = std::shared_ptr<ReadinessProbe>(std::move(probe_))] {});
  ready_ = true;
  Log(LogLevel::kInfo, "program_ready",
      {{"name", config_.name},
       {"milliseconds", absl::ToInt64Milliseconds(BootTime() - launched_)}});
  on_change_();
}

void Program::RestartLater(absl::Duration ran_for) {
  delay_ = NextRestartDelay(options_.restart, delay_, ran_for);
  restart_timer_ = context_.loop.RunAfter(delay_, [this] {
    // Kills what the last run left behind.
    child_.reset();
    ++restarts_;
    Launch();
  });
}

void Program::OnOutput(ChildProcess::Stream, absl::string_view bytes) {
  log_.Append(bytes, WallTime());
}

void Program::OnEnd(const ChildEnd& end, bool) {
  last_end_ = absl::StrCat(end.exited ? "exit status " : "signal ", end.code);
  Log(LogLevel::kWarning, "program_ended",
      {{"name", config_.name}, {"end", last_end_}, {"last_line", log_.LastLine()}});
  child_->Kill();
  probe_.reset();
  RestartLater(BootTime() - launched_);
  if (std::exchange(ready_, false)) on_change_();
}

// The record of the child stays until the next start.
void Program::OnDrained() {}

guest::v1::ProgramStatus Program::ToProto() const {
  guest::v1::ProgramStatus proto;
  proto.set_name(config_.name);
  const bool running = child_ != nullptr && child_->running();
  proto.set_running(running);
  proto.set_ready(ready_);
  if (running) proto.set_pid(child_->pid());
  proto.set_restarts(restarts_);
  proto.set_last_end(last_end_);
  if (started_) *proto.mutable_started_at() = ToProtoTimestamp(started_at_);
  return proto;
}

}  // namespace orch::agent
