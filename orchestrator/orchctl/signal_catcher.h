#pragma once

#include <memory>
#include <thread>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"

#include "orchestrator/base/unique_fd.h"

namespace orch::ctl {

// Turns SIGINT and SIGTERM into calls of a function. Make it before any other thread is started
// (and so before the first gRPC call): it blocks the two in the calling thread, and threads inherit
// that. The signals stay blocked when it is destroyed, for the process ends then.
class SignalCatcher {
 public:
  // Called on the catcher's thread with the signal and how many have come, this one included. Must
  // not block.
  using Handler = absl::AnyInvocable<void(int signal, int count)>;

  static absl::StatusOr<std::unique_ptr<SignalCatcher>> Create();
  ~SignalCatcher();
  SignalCatcher(const SignalCatcher&) = delete;
  SignalCatcher& operator=(const SignalCatcher&) = delete;

  // Calls `handler` from now on, also for signals that came since Create. Call once.
  void Start(Handler handler);

  // Ends this process the way `signal` does by default, whatever its other threads are blocked in.
  [[noreturn]] static void Die(int signal);

 private:
  SignalCatcher(UniqueFd signals, UniqueFd stop);
  void Loop(Handler handler);

  const UniqueFd signals_;
  const UniqueFd stop_;
  std::thread thread_;
};

}  // namespace orch::ctl
