#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/time/time.h"

#include "guest/v1/lifecycle.pb.h"
#include "orchestrator/agent/child/child_process.h"
#include "orchestrator/agent/child/user_database.h"
#include "orchestrator/agent/config/agent_config.h"
#include "orchestrator/agent/supervisor/program_log.h"
#include "orchestrator/agent/supervisor/readiness_probe.h"

namespace orch::agent {

// When a program that ended is started again.
struct RestartPolicy {
  absl::Duration first_delay = absl::Milliseconds(500);
  absl::Duration max_delay = absl::Seconds(30);
  // After running for so long, the next delay is `first_delay` again.
  absl::Duration healthy_after = absl::Seconds(30);
};

// The delay before a start: the last one doubled, within the policy's limits.
absl::Duration NextRestartDelay(const RestartPolicy& policy, absl::Duration last_delay,
                                absl::Duration ran_for);

// One supervised program: starts it, watches whether it is ready, logs its output, and starts it
// again when it ends. Confined to the loop's thread. The destructor kills the program and its
// descendants.
class Program : private ChildProcess::Observer {
 public:
  struct Options {
    // Whether there is a screen.
    bool headful = false;
    // Directory of the program's log files; "" for none.
    std::string log_directory;
    RestartPolicy restart;
  };

  // `context`, `users` outlive it. `on_change` is called from the loop when ready() changed.
  Program(const ChildContext& context, const UserDatabase& users, ProgramConfig config,
          Options options, std::function<void()> on_change);
  ~Program() override;
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  // Call once. A failure to start is logged and tried again like an end.
  void Start();

  const ProgramConfig& config() const { return config_; }
  bool started() const { return started_; }
  // It is running, and its probe has succeeded since it was started.
  bool ready() const { return ready_; }
  guest::v1::ProgramStatus ToProto() const;
  ProgramLog& log() { return log_; }

 private:
  void Launch();
  absl::Status TryLaunch();
  void BecomeReady();
  void RestartLater(absl::Duration ran_for);
  void OnOutput(ChildProcess::Stream stream, absl::string_view bytes) override;
  void OnEnd(const ChildEnd& end, bool timed_out) override;
  void OnDrained() override;

  const ChildContext context_;
  const UserDatabase& users_;
  const ProgramConfig config_;
  const Options options_;
  const std::function<void()> on_change_;
  ProgramLog log_;
  bool started_ = false;
  bool ready_ = false;
  uint32_t restarts_ = 0;
  std::string last_end_;
  absl::Time started_at_;
  absl::Duration launched_;
  absl::Duration delay_;
  EventLoop::TimerId restart_timer_ = 0;
  std::unique_ptr<ReadinessProbe> probe_;
  std::unique_ptr<ChildProcess> child_;
};

}  // namespace orch::agent
