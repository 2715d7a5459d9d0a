#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "orchestrator/base/unique_fd.h"

namespace orch::agent {

// The agent's one thread for processes, pipes and sockets. What is confined to it needs no mutex:
// gRPC reactors, whose methods run on gRPC's threads, post their work here.
//
// Post() and RunAndWait() are thread-safe; everything else is called on the loop's thread only.
// Nothing that runs here may block. All signals are blocked on this thread, so that writing to a
// pipe without reader is EPIPE.
//
// The destructor stops watching, runs what was posted before it, drops what is posted later and
// joins; whoever posts must therefore be gone first.
class EventLoop {
 public:
  using TimerId = uint64_t;
  using Callback = std::function<void(uint32_t events)>;

  // RESOURCE_EXHAUSTED and the like: the kernel gives no epoll or eventfd.
  static absl::StatusOr<std::unique_ptr<EventLoop>> Create();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Runs `work` on the loop's thread, after everything posted before it. Never blocks.
  void Post(absl::AnyInvocable<void()> work);

  // Posts `work` and waits for its end. Not on the loop's thread: it would wait for itself.
  void RunAndWait(absl::FunctionRef<void()> work);

  // Calls `callback` while one of the epoll `events` (EPOLLIN, EPOLLOUT; level-triggered) holds for
  // `fd`, which somebody else owns and unwatches before closing it. Replaces an earlier watch of
  // the same descriptor; `events` 0 keeps the watch but reports nothing except EPOLLERR and
  // EPOLLHUP.
  void Watch(int fd, uint32_t events, Callback callback);

  // Nothing is reported for `fd` any more, not even what has happened already. Unknown descriptors
  // are ignored.
  void Unwatch(int fd);

  // Runs `work` once, `delay` from now by the monotonic clock.
  TimerId RunAfter(absl::Duration delay, absl::AnyInvocable<void()> work);

  // A timer that has run, or 0, is ignored.
  void CancelTimer(TimerId id);

 private:
  struct Watched {
    uint64_t generation;
    Callback callback;
  };

  EventLoop(UniqueFd epoll, UniqueFd wakeup);
  void Run();
  void RunPosted();
  void RunTimers();
  int PollTimeoutMilliseconds() const;
  void Dispatch(uint64_t key, uint32_t events);

  const UniqueFd epoll_;
  const UniqueFd wakeup_;

  absl::Mutex mutex_;
  std::vector<absl::AnyInvocable<void()>> posted_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;

  // Confined to the loop's thread.
  uint64_t next_generation_ = 1;
  std::unordered_map<int, std::shared_ptr<Watched>> watched_;
  TimerId next_timer_ = 1;
  std::map<std::pair<int64_t, TimerId>, absl::AnyInvocable<void()>> timers_;
  std::unordered_map<TimerId, int64_t> timer_due_;

  std::thread thread_;
};

}  // namespace orch::agent
