#include "orchestrator/orchctl/signal_catcher.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <utility>

#include "absl/memory/memory.h"
#include "absl/status/status.h"

namespace orch::ctl {
namespace {

sigset_t CaughtSignals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

}  // namespace

absl::StatusOr<std::unique_ptr<SignalCatcher>> SignalCatcher::Create() {
  const sigset_t set = CaughtSignals();
  if (const int error = pthread_sigmask(SIG_BLOCK, &set, nullptr); error != 0) {
    return absl::ErrnoToStatus(error, "cannot block SIGINT and SIGTERM");
  }
  UniqueFd signals(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals.valid()) return absl::ErrnoToStatus(errno, "cannot make a signalfd");
  UniqueFd stop(::eventfd(0, EFD_CLOEXEC));
  if (!stop.valid()) return absl::ErrnoToStatus(errno, "cannot make an eventfd");
  return absl::WrapUnique(new SignalCatcher(std::move(signals), std::move(stop)));
}

SignalCatcher::SignalCatcher(UniqueFd signals, UniqueFd stop)
    : signals_(std::move(signals)), stop_(std::move(stop)) {}

SignalCatcher::~SignalCatcher() {
  if (!thread_.joinable()) return;
  ::eventfd_write(stop_.get(), 1);
  thread_.join();
}

void SignalCatcher::Start(Handler handler) {
  thread_ = std::thread(&SignalCatcher::Loop, this, std::move(handler));
}

void SignalCatcher::Loop(Handler handler) {
  int count = 0;
  while (true) {
    pollfd ready[] = {{.fd = stop_.get(), .events = POLLIN},
                      {.fd = signals_.get(), .events = POLLIN}};
    if (::poll(ready, 2, -1) < 0 && errno != EINTR) return;
    if (ready[0].revents != 0) return;
    signalfd_siginfo info;
    if (::read(signals_.get(), &info, sizeof(info)) == static_cast<ssize_t>(sizeof(info))) {
      handler(static_cast<int>(info.ssi_signo), ++count);
    }
  }
}

void SignalCatcher::Die(int signal) {
  ::signal(signal, SIG_DFL);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  ::raise(signal);
  ::_exit(128 + signal);
}

}  // namespace orch::ctl
