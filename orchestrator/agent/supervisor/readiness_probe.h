#pragma once

#include <functional>
#include <string>

#include "absl/time/time.h"

#include "orchestrator/agent/config/agent_config.h"
#include "orchestrator/agent/loop/event_loop.h"
#include "orchestrator/base/unique_fd.h"

namespace orch::agent {

// Asks a program again and again whether it is ready, by an HTTP GET or by connecting to its unix
// socket, until it is. One attempt at a time, none longer than kAttemptTimeout. Confined to the
// loop's thread. The destructor stops asking.
class ReadinessProbe {
 public:
  static constexpr absl::Duration kInterval = absl::Milliseconds(25);
  static constexpr absl::Duration kAttemptTimeout = absl::Seconds(5);

  // Calls `on_ready` once, from the loop, never from this constructor. It may destroy the probe.
  // `config` is of kind kHttp or kUnixSocket; it and `loop` outlive the probe.
  ReadinessProbe(EventLoop& loop, const ProgramConfig& config, std::function<void()> on_ready);
  ~ReadinessProbe();
  ReadinessProbe(const ReadinessProbe&) = delete;
  ReadinessProbe& operator=(const ReadinessProbe&) = delete;

 private:
  void Attempt();
  bool Connect();
  void Connected();
  void ReadAnswer();
  void TryLater();
  void Close();

  EventLoop& loop_;
  const ProgramConfig& config_;
  const std::function<void()> on_ready_;
  EventLoop::TimerId timer_ = 0;
  UniqueFd socket_;
  std::string answer_;
};

}  // namespace orch::agent
