#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "guest/v1/lifecycle.pb.h"
#include "orchestrator/agent/child/child_process.h"
#include "orchestrator/agent/child/user_database.h"
#include "orchestrator/agent/config/agent_config.h"
#include "orchestrator/agent/supervisor/program.h"

namespace orch::agent {

// Keeps an image's programs running: starts each when those it waits for are ready, and starts it
// again when it ends. A program that ends does not stop those that came after it.
//
// Confined to the loop's thread, except construction, Start() and destruction, which kills the
// programs.
class Supervisor {
 public:
  using WaiterId = uint64_t;

  // `programs` are in an order in which each comes after those it waits for (see AgentConfig).
  // `context` and `users` outlive the supervisor.
  Supervisor(const ChildContext& context, const UserDatabase& users,
             std::vector<ProgramConfig> programs, const Program::Options& options);
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // Starts the programs. Not on the loop's thread; call once.
  void Start();

  // Every program is ready.
  bool ready() const;

  // OK, or FAILED_PRECONDITION: a program is not ready; the message names all of them and how each
  // ended last.
  absl::Status CheckReady() const;

  // Since the kernel started: when the supervisor was made, and when all programs were ready for
  // the first time (zero before).
  absl::Duration uptime_at_start() const { return uptime_at_start_; }
  absl::Duration uptime_at_ready() const { return uptime_at_ready_; }

  // Calls `on_ready` once from the loop, maybe before this returns, when all programs are ready.
  WaiterId WhenReady(std::function<void()> on_ready);
  void CancelWait(WaiterId id);

  guest::v1::GetStatusResponse GetStatus() const;

  // The logs of the programs, which live as long as the supervisor.
  std::vector<ProgramLog*> Logs();

 private:
  // Starts what can be started, and tells the waiters.
  void Advance();
  bool CanStart(const Program& program) const;

  const ChildContext context_;
  const absl::Duration uptime_at_start_;
  absl::Duration uptime_at_ready_;
  bool advancing_ = false;
  std::map<WaiterId, std::function<void()>> waiters_;
  WaiterId next_waiter_ = 1;
  std::vector<std::unique_ptr<Program>> programs_;
};

}  // namespace orch::agent
