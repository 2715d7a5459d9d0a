#include "orchestrator/agent/supervisor/supervisor.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

#include "orchestrator/agent/loop/monotonic_time.h"
#include "orchestrator/base/log.h"

namespace orch::agent {

Supervisor::Supervisor(const ChildContext& context, const UserDatabase& users,
                       std::vector<ProgramConfig> programs, const Program::Options& options)
    : context_(context), uptime_at_start_(BootTime()) {
  for (ProgramConfig& config : programs) {
    programs_.push_back(std::make_unique<Program>(context_, users, std::move(config), options,
                                                  [this] { Advance(); }));
  }
}

Supervisor::~Supervisor() {
  context_.loop.RunAndWait([this] { programs_.clear(); });
}

void Supervisor::Start() {
  context_.loop.RunAndWait([this] { Advance(); });
}

bool Supervisor::ready() const {
  return std::all_of(programs_.begin(), programs_.end(),
                     [](const auto& program) { return program->ready(); });
}

absl::Status Supervisor::CheckReady() const {
  std::string down;
  for (const auto& program : programs_) {
    if (program->ready()) continue;
    const std::string last_end = program->ToProto().last_end();
    absl::StrAppend(&down, down.empty() ? "" : ", ", program->config().name,
                    last_end.empty() ? "" : absl::StrCat(" (", last_end, ")"));
  }
  if (down.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("not up: ", down));
}

bool Supervisor::CanStart(const Program& program) const {
  if (program.started()) return false;
  return std::all_of(programs_.begin(), programs_.end(), [&](const auto& other) {
    const auto& after = program.config().after;
    return other->ready() ||
           std::find(after.begin(), after.end(), other->config().name) == after.end();
  });
}

void Supervisor::Advance() {
  // Start() of a program without probe calls this again.
  if (std::exchange(advancing_, true)) return;
  for (const auto& program : programs_) {
    if (CanStart(*program)) program->Start();
  }
  advancing_ = false;
  if (!ready()) return;
  if (uptime_at_ready_ == absl::ZeroDuration()) {
    uptime_at_ready_ = BootTime();
    Log(LogLevel::kInfo, "agent_ready",
        {{"programs", programs_.size()},
         {"uptime_milliseconds", absl::ToInt64Milliseconds(uptime_at_ready_)}});
  }
  const auto waiters = std::exchange(waiters_, {});
  for (const auto& [id, on_ready] : waiters) on_ready();
}

Supervisor::WaiterId Supervisor::WhenReady(std::function<void()> on_ready) {
  const WaiterId id = next_waiter_++;
  if (uptime_at_ready_ > absl::ZeroDuration() && ready()) {
    on_ready();
  } else {
    waiters_.emplace(id, std::move(on_ready));
  }
  return id;
}

void Supervisor::CancelWait(WaiterId id) { waiters_.erase(id); }

guest::v1::GetStatusResponse Supervisor::GetStatus() const {
  guest::v1::GetStatusResponse response;
  response.set_ready(ready());
  for (const auto& program : programs_) *response.add_programs() = program->ToProto();
  return response;
}

std::vector<ProgramLog*> Supervisor::Logs() {
  std::vector<ProgramLog*> logs;
  for (const auto& program : programs_) logs.push_back(&program->log());
  return logs;
}

}  // namespace orch::agent
