#include "orchestrator/agent/loop/event_loop.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "absl/synchronization/notification.h"

namespace orch::agent {
namespace {

constexpr int kEventsPerWait = 64;

// std::chrono and Abseil both read the wall clock for waiting; a guest's wall clock jumps when it
// is resumed.
int64_t MonotonicNanoseconds() {
  timespec now;
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * int64_t{1'000'000'000} + now.tv_nsec;
}

// Descriptor in the low half, generation in the high one: an event that was reported for a
// descriptor's earlier watch is recognised.
uint64_t Key(int fd, uint64_t generation) { return generation << 32 | static_cast<uint32_t>(fd); }

}  // namespace

absl::StatusOr<std::unique_ptr<EventLoop>> EventLoop::Create() {
  UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.valid()) return absl::ErrnoToStatus(errno, "cannot create an epoll instance");
  UniqueFd wakeup(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wakeup.valid()) return absl::ErrnoToStatus(errno, "cannot create an eventfd");
  epoll_event event{.events = EPOLLIN, .data = {.u64 = Key(wakeup.get(), 0)}};
  if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, wakeup.get(), &event) != 0) {
    return absl::ErrnoToStatus(errno, "cannot watch an eventfd");
  }
  std::unique_ptr<EventLoop> loop(new EventLoop(std::move(epoll), std::move(wakeup)));
  // The thread starts with all signals blocked.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  loop->thread_ = std::thread([raw = loop.get()] { raw->Run(); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return loop;
}

EventLoop::EventLoop(UniqueFd epoll, UniqueFd wakeup)
    : epoll_(std::move(epoll)), wakeup_(std::move(wakeup)) {}

EventLoop::~EventLoop() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  ::eventfd_write(wakeup_.get(), 1);
  thread_.join();
}

void EventLoop::Post(absl::AnyInvocable<void()> work) {
  bool was_empty;
  {
    absl::MutexLock lock(&mutex_);
    was_empty = posted_.empty();
    posted_.push_back(std::move(work));
  }
  if (was_empty) ::eventfd_write(wakeup_.get(), 1);
}

void EventLoop::RunAndWait(absl::FunctionRef<void()> work) {
  absl::Notification done;
  Post([&] {
    work();
    done.Notify();
  });
  done.WaitForNotification();
}

void EventLoop::Watch(int fd, uint32_t events, Callback callback) {
  const uint64_t generation = next_generation_++ & 0xffffffff;
  const auto [position, added] = watched_.insert_or_assign(
      fd, std::make_shared<Watched>(Watched{generation, std::move(callback)}));
  epoll_event event{.events = events, .data = {.u64 = Key(fd, generation)}};
  ::epoll_ctl(epoll_.get(), added ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event);
}

void EventLoop::Unwatch(int fd) {
  if (watched_.erase(fd) > 0) ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

EventLoop::TimerId EventLoop::RunAfter(absl::Duration delay, absl::AnyInvocable<void()> work) {
  const int64_t due =
      MonotonicNanoseconds() + std::max<int64_t>(0, absl::ToInt64Nanoseconds(delay));
  const TimerId id = next_timer_++;
  timer_due_.emplace(id, due);
  timers_.emplace(std::make_pair(due, id), std::move(work));
  return id;
}

void EventLoop::CancelTimer(TimerId id) {
  const auto due = timer_due_.find(id);
  if (due == timer_due_.end()) return;
  timers_.erase({due->second, id});
  timer_due_.erase(due);
}

int EventLoop::PollTimeoutMilliseconds() const {
  if (timers_.empty()) return -1;
  constexpr int64_t kNanosecondsPerMillisecond = 1'000'000;
  const int64_t left = timers_.begin()->first.first - MonotonicNanoseconds();
  if (left <= 0) return 0;
  return static_cast<int>(
      std::min<int64_t>(left / kNanosecondsPerMillisecond + 1, 24 * 3600 * 1000));
}

void EventLoop::RunTimers() {
  const int64_t now = MonotonicNanoseconds();
  while (!timers_.empty() && timers_.begin()->first.first <= now) {
    auto timer = timers_.extract(timers_.begin());
    timer_due_.erase(timer.key().second);
    timer.mapped()();
  }
}

void EventLoop::RunPosted() {
  std::vector<absl::AnyInvocable<void()>> work;
  {
    absl::MutexLock lock(&mutex_);
    work.swap(posted_);
  }
  for (auto& item : work) item();
}

void EventLoop::Dispatch(uint64_t key, uint32_t events) {
  const int fd = static_cast<int>(key & 0xffffffff);
  const auto position = watched_.find(fd);
  if (position == watched_.end() || position->second->generation != key >> 32) return;
  // Kept alive while it runs: it may unwatch itself.
  const std::shared_ptr<Watched> watched = position->second;
  watched->callback(events);
}

void EventLoop::Run() {
  std::array<epoll_event, kEventsPerWait> events;
  while (true) {
    const int count =
        ::epoll_wait(epoll_.get(), events.data(), kEventsPerWait, PollTimeoutMilliseconds());
    for (int i = 0; i < count; ++i) {
      if (events[i].data.u64 == Key(wakeup_.get(), 0)) {
        eventfd_t ignored;
        ::eventfd_read(wakeup_.get(), &ignored);
      } else {
        Dispatch(events[i].data.u64, events[i].events);
      }
    }
    RunTimers();
    RunPosted();
    absl::MutexLock lock(&mutex_);
    if (stopping_ && posted_.empty()) return;
  }
}

}  // namespace orch::agent
