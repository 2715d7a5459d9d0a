#pragma once

#include <functional>
#include <memory>
#include <thread>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "orchestrator/base/unique_fd.h"

namespace orch {

// Calls a function on a thread of its own when a time has passed; sleeps in between, however long.
// Counts as Clock::Uptime does, so setting the machine's clock changes
// nothing. Thread-safe.
class WakeTimer {
 public:
  // RESOURCE_EXHAUSTED: no file descriptors left.
  static absl::StatusOr<std::unique_ptr<WakeTimer>> Create(std::function<void()> wake);
  // Waits for a call under way; not for the timer's own thread.
  ~WakeTimer();
  WakeTimer(const WakeTimer&) = delete;
  WakeTimer& operator=(const WakeTimer&) = delete;

  // Wakes once after `delay`, at once for 0 and less, never for infinity. Replaces what was set.
  // Does not block.
  void Set(absl::Duration delay);

 private:
  WakeTimer(std::function<void()> wake, UniqueFd timer, UniqueFd stop);

  void Run();

  const std::function<void()> wake_;
  const UniqueFd timer_;
  // Readable when the thread shall end.
  const UniqueFd stop_;
  std::thread thread_;
};

}  // namespace orch
