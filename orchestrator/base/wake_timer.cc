#include "orchestrator/base/wake_timer.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/status/status.h"

namespace orch {
namespace {

// Far enough: a wake-up that nothing needs does no harm.
constexpr absl::Duration kLongest = absl::Hours(24 * 365);

absl::Status NoDescriptor() {
  return absl::ResourceExhaustedError(
      std::string(absl::ErrnoToStatus(errno, "cannot create a timer: raise the limit of open files")
                      .message()));
}

}  // namespace

absl::StatusOr<std::unique_ptr<WakeTimer>> WakeTimer::Create(const Clock& clock,
                                                             std::function<void()> wake) {
  UniqueFd timer(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!timer.valid()) return NoDescriptor();
  UniqueFd stop(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!stop.valid()) return NoDescriptor();
  return std::unique_ptr<WakeTimer>(
      new WakeTimer(clock, std::move(wake), std::move(timer), std::move(stop)));
}

WakeTimer::WakeTimer(const Clock& clock, std::function<void()> wake, UniqueFd timer, UniqueFd stop)
    : clock_(clock),
      wake_(std::move(wake)),
      timer_(std::move(timer)),
      stop_(std::move(stop)),
      thread_([this] { Run(); }) {}

WakeTimer::~WakeTimer() {
  if (thread_.joinable()) Stop();
}

void WakeTimer::Stop() {
  ::eventfd_write(stop_.get(), 1);
  thread_.join();
}

void WakeTimer::Set(absl::Duration at) {
  itimerspec setting = {};
  if (at != absl::InfiniteDuration()) {
    // All zeros would disarm it.
    setting.it_value =
        absl::ToTimespec(std::clamp(at - clock_.Uptime(), absl::Nanoseconds(1), kLongest));
  }
  ::timerfd_settime(timer_.get(), 0, &setting, nullptr);
}

void WakeTimer::Run() {
  while (true) {
    pollfd fds[] = {{.fd = timer_.get(), .events = POLLIN, .revents = 0},
                    {.fd = stop_.get(), .events = POLLIN, .revents = 0}};
    if (::poll(fds, std::size(fds), -1) < 0) continue;
    if (fds[1].revents != 0) return;
    uint64_t expirations = 0;
    // Nothing to read: it was set anew since.
    if (::read(timer_.get(), &expirations, sizeof expirations) < 0) continue;
    wake_();
  }
}

}  // namespace orch
