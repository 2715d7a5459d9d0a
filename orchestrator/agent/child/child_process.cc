#include "orchestrator/agent/child/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"

#include "orchestrator/base/log.h"
#include "orchestrator/base/status_macros.h"

namespace orch::agent {
namespace {

// fcntl(F_GETPIPE_SZ) of an unprivileged process's pipe is at most this
// (/proc/sys/fs/pipe-max-size).
constexpr size_t kMaxPipeBytes = 1024 * 1024;
constexpr ChildProcess::Stream kStreams[] = {ChildProcess::kStdout, ChildProcess::kStderr,
                                             ChildProcess::kTerminal};
// Of one tree.
constexpr size_t kMaxSignalled = 1024;
// Ctrl-D, which VEOF is unless the child changed it.
constexpr char kEndOfFile = 4;

struct Pipe {
  UniqueFd reader;
  UniqueFd writer;
};

absl::StatusOr<Pipe> NewPipe() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) {
    return absl::ResourceExhaustedError(
        absl::ErrnoToStatus(errno, "cannot create a pipe").message());
  }
  return Pipe{UniqueFd(fds[0]), UniqueFd(fds[1])};
}

void SetNonBlocking(const UniqueFd& fd) { ::fcntl(fd.get(), F_SETFL, O_NONBLOCK); }

// Lets the child open /dev/stdout and the like again after it became another user.
void GiveTo(const User& user, const UniqueFd& fd) {
  if (::fchown(fd.get(), user.uid, user.gid) != 0) {
    Log(LogLevel::kDebug, "pipe_not_given", {{"user", user.name}, {"errno", errno}});
  }
}

absl::Status StdinClosed() {
  return absl::FailedPreconditionError(
      "standard input is closed: the process ended, closed it, or was started without open_stdin");
}

}  // namespace

ChildProcess::ChildProcess(const ChildContext& context, Observer& observer)
    : context_(context), observer_(observer) {}

absl::StatusOr<std::unique_ptr<ChildProcess>> ChildProcess::Start(const ChildContext& context,
                                                                  Options options,
                                                                  Observer& observer) {
  std::unique_ptr<ChildProcess> process(new ChildProcess(context, observer));
  ORCH_RETURN_IF_ERROR(process->Launch(options));
  return process;
}

absl::StatusOr<ChildProcess::ChildEnds> ChildProcess::OpenPipes(const Options& options) {
  ORCH_ASSIGN_OR_RETURN(Pipe out, NewPipe());
  ORCH_ASSIGN_OR_RETURN(Pipe err, NewPipe());
  Pipe in;
  if (options.stdin_mode == Stdin::kNull) {
    in.reader.Reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!in.reader.valid()) return absl::ErrnoToStatus(errno, "cannot open /dev/null");
  } else {
    ORCH_ASSIGN_OR_RETURN(in, NewPipe());
    GiveTo(options.child.user, in.reader);
    SetNonBlocking(in.writer);
  }
  GiveTo(options.child.user, out.writer);
  GiveTo(options.child.user, err.writer);
  SetNonBlocking(out.reader);
  SetNonBlocking(err.reader);
  output_[kStdout] = std::move(out.reader);
  output_[kStderr] = std::move(err.reader);
  stdin_ = std::move(in.writer);
  return ChildEnds{std::move(in.reader), std::move(out.writer), std::move(err.writer)};
}

absl::StatusOr<ChildProcess::ChildEnds> ChildProcess::OpenTerminal(const Options& options) {
  ORCH_ASSIGN_OR_RETURN(PseudoTerminal pty,
                        PseudoTerminal::Open(*options.terminal, options.child.user));
  // One descriptor for each direction, which are watched apart.
  stdin_.Reset(::fcntl(pty.controller.get(), F_DUPFD_CLOEXEC, 3));
  ChildEnds ends{std::move(pty.terminal), {}, {}};
  ends.out.Reset(::fcntl(ends.in.get(), F_DUPFD_CLOEXEC, 3));
  ends.err.Reset(::fcntl(ends.in.get(), F_DUPFD_CLOEXEC, 3));
  if (!stdin_.valid() || !ends.out.valid() || !ends.err.valid()) {
    return absl::ResourceExhaustedError(
        absl::ErrnoToStatus(errno, "cannot open a terminal").message());
  }
  output_[kTerminal] = std::move(pty.controller);
  return ends;
}

absl::Status ChildProcess::Launch(Options& options) {
  ORCH_ASSIGN_OR_RETURN(const ChildEnds ends,
                        options.terminal ? OpenTerminal(options) : OpenPipes(options));
  has_terminal_ = options.terminal.has_value();
  options.child.controlling_terminal = has_terminal_;
  if (context_.cgroups != nullptr) {
    ORCH_ASSIGN_OR_RETURN(cgroup_, context_.cgroups->NewCgroup(options.limits));
    options.child.cgroup_fd = cgroup_->fd();
  } else if (options.limits.any()) {
    return absl::FailedPreconditionError("limits need cgroups, which this guest does not have");
  }
  options.child.stdin_fd = ends.in.get();
  options.child.stdout_fd = ends.out.get();
  options.child.stderr_fd = ends.err.get();
  ORCH_ASSIGN_OR_RETURN(pid_, LaunchChild(options.child));
  running_ = true;
  context_.reaper.Register(pid_, [this](const ChildEnd& end) { Ended(end); });

  for (const Stream stream : kStreams) {
    if (output_[stream].valid()) WatchOutput(stream);
  }
  if (options.stdin_mode == Stdin::kData) {
    WriteStdin(std::move(options.stdin_bytes), true, [](const absl::Status&) {});
  }
  if (options.timeout < absl::InfiniteDuration()) {
    timeout_timer_ = context_.loop.RunAfter(options.timeout, [this] {
      timed_out_ = true;
      Kill();
    });
  }
  return absl::OkStatus();
}

ChildProcess::~ChildProcess() {
  context_.loop.CancelTimer(timeout_timer_);
  context_.loop.CancelTimer(drain_timer_);
  if (running_) {
    Kill();
    context_.reaper.Unregister(pid_);
  }
  stdin_done_ = nullptr;
  CloseStdin(absl::OkStatus());
  for (const Stream stream : kStreams) CloseOutput(stream);
}

void ChildProcess::WatchOutput(Stream stream) {
  context_.loop.Watch(output_[stream].get(), EPOLLIN,
                      [this, stream](uint32_t) { ReadOutput(stream); });
}

void ChildProcess::ReadOutput(Stream stream) {
  char buffer[kReadBytes];
  const ssize_t n = ::read(output_[stream].get(), buffer, sizeof buffer);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n > 0) {
    observer_.OnOutput(stream, absl::string_view(buffer, static_cast<size_t>(n)));
    return;
  }
  CloseOutput(stream);
  MaybeDrained();
}

void ChildProcess::CloseOutput(Stream stream) {
  if (!output_[stream].valid()) return;
  // While paused it is not watched: a closed pipe would report EPOLLHUP all the time.
  context_.loop.Unwatch(output_[stream].get());
  output_[stream].Reset();
}

void ChildProcess::SetOutputPaused(bool paused) {
  if (paused == paused_) return;
  paused_ = paused;
  for (const Stream stream : kStreams) {
    if (!output_[stream].valid()) continue;
    if (paused) {
      context_.loop.Unwatch(output_[stream].get());
    } else {
      WatchOutput(stream);
    }
  }
}

void ChildProcess::Ended(const ChildEnd& end) {
  running_ = false;
  context_.loop.CancelTimer(timeout_timer_);
  CloseStdin(StdinClosed());
  drain_timer_ = context_.loop.RunAfter(kDrainTime, [this] { DrainDeadline(); });
  observer_.OnEnd(end, timed_out_);
  MaybeDrained();
}

void ChildProcess::MaybeDrained() {
  const auto open = [](const UniqueFd& fd) { return fd.valid(); };
  if (running_ || std::any_of(output_.begin(), output_.end(), open)) return;
  context_.loop.CancelTimer(drain_timer_);
  observer_.OnDrained();
}

void ChildProcess::DrainDeadline() {
  if (paused_) {
    drain_timer_ = context_.loop.RunAfter(kDrainTime, [this] { DrainDeadline(); });
    return;
  }
  char buffer[kReadBytes];
  for (const Stream stream : kStreams) {
    // What is in the pipe now was probably written by the child itself.
    for (size_t total = 0; output_[stream].valid() && total < kMaxPipeBytes;) {
      const ssize_t n = ::read(output_[stream].get(), buffer, sizeof buffer);
      if (n <= 0) break;
      observer_.OnOutput(stream, absl::string_view(buffer, static_cast<size_t>(n)));
      total += static_cast<size_t>(n);
    }
    CloseOutput(stream);
  }
  observer_.OnDrained();
}

absl::Status ChildProcess::Signal(int signal, SignalScope scope) {
  // The pid is ours until it is reaped, which happens on this thread: it cannot have become
  // somebody else's.
  const pid_t target = scope == SignalScope::kProcess ? pid_ : -pid_;
  if (!running_ || ::kill(target, signal) != 0) {
    return absl::FailedPreconditionError("the process has ended");
  }
  if (scope != SignalScope::kTree || cgroup_ == nullptr) return absl::OkStatus();
  if (signal == SIGKILL) return cgroup_->Kill();
  for (const pid_t pid : cgroup_->Processes(kMaxSignalled)) {
    // Those in the group have got it.
    if (::getpgid(pid) != pid_) ::kill(pid, signal);
  }
  return absl::OkStatus();
}

absl::Status ChildProcess::Resize(TerminalSize size) {
  if (!running_) return absl::FailedPreconditionError("the process has ended");
  if (!output_[kTerminal].valid()) {
    return absl::FailedPreconditionError("the process has no terminal");
  }
  return SetTerminalSize(output_[kTerminal], size);
}

void ChildProcess::Kill() {
  if (running_) ::kill(-pid_, SIGKILL);
  if (cgroup_ == nullptr) return;
  if (const absl::Status killed = cgroup_->Kill(); !killed.ok()) {
    Log(LogLevel::kWarning, "cgroup_kill_failed", {{"pid", pid_}, {"status", killed}});
  }
}

void ChildProcess::WriteStdin(std::string bytes, bool eof,
                              std::function<void(const absl::Status&)> done) {
  if (stdin_done_ != nullptr) {
    done(absl::AbortedError("another call is writing to this process's standard input"));
    return;
  }
  if (!stdin_.valid()) {
    done(StdinClosed());
    return;
  }
  stdin_bytes_ = std::move(bytes);
  stdin_written_ = 0;
  stdin_eof_ = eof && !has_terminal_;
  if (eof && has_terminal_) stdin_bytes_ += kEndOfFile;
  stdin_done_ = std::move(done);
  FlushStdin();
}

void ChildProcess::AbandonStdinWrite() {
  if (stdin_done_ != nullptr) stdin_done_ = [](const absl::Status&) {};
}

void ChildProcess::FlushStdin() {
  while (stdin_written_ < stdin_bytes_.size()) {
    const ssize_t n = ::write(stdin_.get(), stdin_bytes_.data() + stdin_written_,
                              stdin_bytes_.size() - stdin_written_);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) {
      context_.loop.Watch(stdin_.get(), EPOLLOUT, [this](uint32_t) { FlushStdin(); });
      return;
    }
    if (n < 0) {
      CloseStdin(StdinClosed());
      return;
    }
    stdin_written_ += static_cast<size_t>(n);
  }
  if (stdin_eof_) {
    CloseStdin(absl::OkStatus());
    return;
  }
  context_.loop.Unwatch(stdin_.get());
  stdin_bytes_.clear();
  if (auto done = std::exchange(stdin_done_, nullptr)) done(absl::OkStatus());
}

void ChildProcess::CloseStdin(const absl::Status& status) {
  if (stdin_.valid()) {
    context_.loop.Unwatch(stdin_.get());
    stdin_.Reset();
  }
  if (auto done = std::exchange(stdin_done_, nullptr)) done(status);
}

}  // namespace orch::agent
