#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <unordered_map>

#include "absl/status/statusor.h"

#include "orchestrator/agent/loop/event_loop.h"
#include "orchestrator/base/unique_fd.h"

namespace orch::agent {

// How a process ended.
struct ChildEnd {
  // False: `code` is the signal that killed it.
  bool exited = true;
  int code = 0;
};

// The one place that waits for children: ours, and the orphans that PID 1 inherits.
//
// Confined to the loop's thread, except BlockSignal() and Create(). Free of the race between fork
// and registration because both happen in one go on the loop's thread, and children are reaped on
// that thread, too.
class ChildReaper {
 public:
  // Blocks SIGCHLD in the calling thread and in those it starts later. Call first of all in main:
  // where one thread of the program doesn't block it, ends of children go unnoticed.
  static void BlockSignal();

  // `loop` outlives the reaper. Neither constructed nor destroyed on the loop's thread.
  static absl::StatusOr<std::unique_ptr<ChildReaper>> Create(EventLoop& loop);
  ~ChildReaper();
  ChildReaper(const ChildReaper&) = delete;
  ChildReaper& operator=(const ChildReaper&) = delete;

  // Calls `on_end` once, from the loop, when child `pid` has ended and was reaped. Call in the same
  // piece of work that started the child.
  void Register(pid_t pid, std::function<void(const ChildEnd&)> on_end);

  // Forgets the callback; the child is still reaped.
  void Unregister(pid_t pid);

 private:
  ChildReaper(EventLoop& loop, UniqueFd signals);
  void Reap();

  EventLoop& loop_;
  const UniqueFd signals_;
  std::unordered_map<pid_t, std::function<void(const ChildEnd&)>> owners_;
};

}  // namespace orch::agent
