#include "orchestrator/agent/child/child_reaper.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace orch::agent {
namespace {

sigset_t ChildSignal() {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGCHLD);
  return set;
}

}  // namespace

void ChildReaper::BlockSignal() {
  const sigset_t set = ChildSignal();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

absl::StatusOr<std::unique_ptr<ChildReaper>> ChildReaper::Create(EventLoop& loop) {
  const sigset_t set = ChildSignal();
  UniqueFd signals(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals.valid()) return absl::ErrnoToStatus(errno, "cannot create a signalfd");
  std::unique_ptr<ChildReaper> reaper(new ChildReaper(loop, std::move(signals)));
  loop.RunAndWait([raw = reaper.get()] {
    raw->loop_.Watch(raw->signals_.get(), EPOLLIN, [raw](uint32_t) { raw->Reap(); });
    // Orphans from before this moment.
    raw->Reap();
  });
  return reaper;
}

ChildReaper::ChildReaper(EventLoop& loop, UniqueFd signals)
    : loop_(loop), signals_(std::move(signals)) {}

ChildReaper::~ChildReaper() {
  loop_.RunAndWait([this] { loop_.Unwatch(signals_.get()); });
}

void ChildReaper::Register(pid_t pid, std::function<void(const ChildEnd&)> on_end) {
  owners_[pid] = std::move(on_end);
}

void ChildReaper::Unregister(pid_t pid) { owners_.erase(pid); }

void ChildReaper::Reap() {
  signalfd_siginfo ignored;
  while (::read(signals_.get(), &ignored, sizeof ignored) > 0) {
  }
  // One signal may stand for many children.
  int status = 0;
  for (pid_t pid; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
    auto owner = owners_.extract(pid);
    if (owner.empty()) continue;
    owner.mapped()(WIFEXITED(status) ? ChildEnd{true, WEXITSTATUS(status)}
                                     : ChildEnd{false, WTERMSIG(status)});
  }
}

}  // namespace orch::agent
