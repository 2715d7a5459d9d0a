#pragma once

#include <sys/types.h>

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "orchestrator/agent/child/cgroup_tree.h"
#include "orchestrator/agent/child/child_reaper.h"
#include "orchestrator/agent/child/launch_child.h"
#include "orchestrator/agent/child/pseudo_terminal.h"
#include "orchestrator/agent/loop/event_loop.h"
#include "orchestrator/base/unique_fd.h"

namespace orch::agent {

// What starting and watching children takes. All of it outlives them.
struct ChildContext {
  EventLoop& loop;
  ChildReaper& reaper;
  // Null: no cgroup2 here. Then a descendant that leaves the process group survives the killing of
  // its group.
  CgroupTree* cgroups = nullptr;
};

// A running child with pipes or a terminal for its standard streams, all its descendants, and its
// time limit.
//
// Confined to the loop's thread. The destructor kills what still runs. After the child's end its
// output is read to the end of both pipes, but for at most kDrainTime: a descendant in the
// background may hold them open. It gets SIGPIPE or EPIPE from then on. Time in which output is
// paused does not count.
class ChildProcess {
 public:
  // A child with a terminal has no other stream.
  enum Stream { kStdout = 0, kStderr = 1, kTerminal = 2 };

  static constexpr absl::Duration kDrainTime = absl::Milliseconds(250);
  static constexpr size_t kReadBytes = 64 * 1024;

  // Called from the loop. OnOutput comes before and after OnEnd, OnDrained once and last; it may
  // destroy the process, the others must not.
  class Observer {
   public:
    virtual ~Observer() = default;
    // 1..kReadBytes bytes.
    virtual void OnOutput(Stream stream, absl::string_view bytes) = 0;
    virtual void OnEnd(const ChildEnd& end, bool timed_out) = 0;
    virtual void OnDrained() = 0;
  };

  enum class Stdin { kNull, kData, kOpen };

  // Who gets a signal. kTree is all in the cgroup; without one it is the group.
  enum class SignalScope { kGroup, kProcess, kTree };

  struct Options {
    // The descriptors are filled in by Start().
    ChildSpec child;
    absl::Duration timeout = absl::InfiniteDuration();
    // kData: `stdin_bytes` are written, then it is closed. kOpen: WriteStdin() works.
    Stdin stdin_mode = Stdin::kNull;
    std::string stdin_bytes;
    // A terminal for all three streams; WriteStdin() works whatever `stdin_mode` is.
    std::optional<TerminalSize> terminal;
    CgroupLimits limits;
  };

  // Errors of LaunchChild(), RESOURCE_EXHAUSTED when there are no descriptors left, and
  // FAILED_PRECONDITION when there are limits and no cgroups. `observer` outlives the child.
  static absl::StatusOr<std::unique_ptr<ChildProcess>> Start(const ChildContext& context,
                                                             Options options, Observer& observer);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  bool running() const { return running_; }

  // Stops and resumes reading output. A child that writes more than the pipe holds waits.
  void SetOutputPaused(bool paused);

  // Sends `signal`. FAILED_PRECONDITION: the child has ended.
  absl::Status Signal(int signal, SignalScope scope = SignalScope::kGroup);

  // Kills the child, its process group and its cgroup.
  void Kill();

  // Null without cgroups.
  const Cgroup* cgroup() const { return cgroup_.get(); }

  // FAILED_PRECONDITION: it has no terminal, or has ended.
  absl::Status Resize(TerminalSize size);

  // Writes `bytes` to the child's standard input, closes it when `eof`, then calls `done` from the
  // loop, maybe before this returns. A terminal cannot be closed: its end-of-file character is
  // typed. FAILED_PRECONDITION: the child has ended, or has closed its input, or it is not open.
  // ABORTED: an earlier write is not done yet.
  void WriteStdin(std::string bytes, bool eof, std::function<void(const absl::Status&)> done);

  // Forgets the `done` of the write in progress, whose bytes are still written.
  void AbandonStdinWrite();

 private:
  ChildProcess(const ChildContext& context, Observer& observer);
  absl::Status Launch(Options& options);
  // The child's ends of its streams, and ours in `output_` and `stdin_`.
  struct ChildEnds {
    UniqueFd in;
    UniqueFd out;
    UniqueFd err;
  };
  absl::StatusOr<ChildEnds> OpenPipes(const Options& options);
  absl::StatusOr<ChildEnds> OpenTerminal(const Options& options);
  void WatchOutput(Stream stream);
  void ReadOutput(Stream stream);
  void CloseOutput(Stream stream);
  void Ended(const ChildEnd& end);
  void MaybeDrained();
  void DrainDeadline();
  void FlushStdin();
  void CloseStdin(const absl::Status& status);

  const ChildContext context_;
  Observer& observer_;
  std::unique_ptr<Cgroup> cgroup_;
  pid_t pid_ = 0;
  bool running_ = false;
  bool timed_out_ = false;
  bool paused_ = false;
  bool has_terminal_ = false;
  std::array<UniqueFd, 3> output_;
  EventLoop::TimerId timeout_timer_ = 0;
  EventLoop::TimerId drain_timer_ = 0;

  UniqueFd stdin_;
  std::string stdin_bytes_;
  size_t stdin_written_ = 0;
  bool stdin_eof_ = false;
  std::function<void(const absl::Status&)> stdin_done_;
};

}  // namespace orch::agent
