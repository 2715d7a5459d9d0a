#pragma once

#include <functional>
#include <memory>
#include <thread>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "orchestrator/base/clock.h"
#include "orchestrator/base/unique_fd.h"

namespace orch {

// Calls a function on a thread of its own when a clock's uptime comes to a moment, and sleeps until
// then, however long. It sleeps by CLOCK_MONOTONIC, which Clock::Uptime tells, so setting the
// machine's clock changes nothing. Thread-safe.
//
// With a clock that does not run in real time, a test's, it may call early, and late: whoever moves
// such a clock calls Set again. So the function looks at the clock itself, and sets the timer anew
// when there is nothing to do yet.
class WakeTimer {
 public:
  // `clock` must outlive it. RESOURCE_EXHAUSTED: no file descriptors left.
  static absl::StatusOr<std::unique_ptr<WakeTimer>> Create(const Clock& clock,
                                                           std::function<void()> wake);
  // Stops.
  ~WakeTimer();
  WakeTimer(const WakeTimer&) = delete;
  WakeTimer& operator=(const WakeTimer&) = delete;

  // Wakes once at the uptime `at`: at once when that is past, never when it is infinite. Replaces
  // what was set. Does not block.
  void Set(absl::Duration at);

  // Waits for a call under way; nothing is called afterwards, whatever is set. Once; not for the
  // timer's own thread.
  void Stop();

 private:
  WakeTimer(const Clock& clock, std::function<void()> wake, UniqueFd timer, UniqueFd stop);

  void Run();

  const Clock& clock_;
  const std::function<void()> wake_;
  const UniqueFd timer_;
  // Readable when the thread shall end.
  const UniqueFd stop_;
  std::thread thread_;
};

}  // namespace orch
