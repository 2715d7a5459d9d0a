#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

#include "orchestrator/base/unique_fd.h"

namespace orch {

// libvirt starts machines as daemons, children of nobody, and waits for their end by asking whether
// their pid exists. Where the system's first process is slow to reap them, ending a machine takes
// long. So this process adopts such processes (PR_SET_CHILD_SUBREAPER) and one thread reaps them as
// they end, which also tells how they ended.
//
// Only adopted processes are reaped, never a child that this process has started itself and that
// somebody waits for: a child is in the session of its parent or has made one of its own, an
// adopted process is in a session that another process has made. A QEMU that libvirt asks what it
// can do makes one of its own, too, and nobody waits for it: it is known by its name.
//
// Thread-safe. This process stays an adopter after the end; several of these share the work. A
// process that another one adopted before, or a libvirt daemon has started, is none of ours.
class ProcessReaper {
 public:
  // INTERNAL: the kernel refuses.
  static absl::StatusOr<std::unique_ptr<ProcessReaper>> Start();
  ~ProcessReaper();
  ProcessReaper(const ProcessReaper&) = delete;
  ProcessReaper& operator=(const ProcessReaper&) = delete;

  // While one lives, processes may be adopted, and those that end at once are noticed at once;
  // otherwise within seconds.
  class Watch {
   public:
    explicit Watch(ProcessReaper& reaper);
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

   private:
    ProcessReaper& reaper_;
  };

  // How a process that was reaped ended, "exit status 1" or "killed by signal 9"; "" when it is not
  // known. Tells it once, and remembers the last 256 processes. What ended is known before its pid
  // is free.
  std::string TakeEnd(pid_t pid);

 private:
  struct End {
    pid_t pid = 0;
    std::string text;
  };

  explicit ProcessReaper(UniqueFd wake);
  void Run();
  void WakeUp();
  // Those of this process's children that it adopted and that are not yet in `adopted_`.
  void FindAdopted();
  void Reap(pid_t pid, int pidfd);

  const UniqueFd wake_;
  std::atomic<bool> stopping_ = false;
  std::atomic<int> watches_ = 0;
  // The thread's own.
  std::map<pid_t, UniqueFd> adopted_;
  absl::Mutex mutex_;
  std::deque<End> ends_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace orch
