#include "orchestrator/browser/deadline_queue.h"

#include <algorithm>

namespace orch {
namespace {

// A clock that does not run in real time (a test's) is looked at this often.
constexpr absl::Duration kMaxWait = absl::Milliseconds(200);

}  // namespace

DeadlineQueue::DeadlineQueue(const Clock& clock, std::function<void(const SessionId&)> on_due)
    : clock_(clock), on_due_(std::move(on_due)), thread_([this] { Run(); }) {}

DeadlineQueue::~DeadlineQueue() { Stop(); }

void DeadlineQueue::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    changed_.Signal();
  }
  if (thread_.joinable()) thread_.join();
}

void DeadlineQueue::Set(const SessionId& id, absl::Duration at) {
  absl::MutexLock lock(&mutex_);
  ClearLocked(id);
  if (at == absl::InfiniteDuration()) return;
  deadlines_.emplace(id, at);
  const auto place = queue_.emplace(at, id).first;
  if (place == queue_.begin()) changed_.Signal();
}

void DeadlineQueue::Clear(const SessionId& id) {
  absl::MutexLock lock(&mutex_);
  ClearLocked(id);
}

void DeadlineQueue::WakeUp() {
  absl::MutexLock lock(&mutex_);
  changed_.Signal();
}

void DeadlineQueue::ClearLocked(const SessionId& id) {
  const auto it = deadlines_.find(id);
  if (it == deadlines_.end()) return;
  queue_.erase({it->second, id});
  deadlines_.erase(it);
}

void DeadlineQueue::Run() {
  absl::MutexLock lock(&mutex_);
  while (!stopping_) {
    if (queue_.empty()) {
      changed_.Wait(&mutex_);
      continue;
    }
    const auto [at, id] = *queue_.begin();
    const absl::Duration left = at - clock_.Uptime();
    if (left > absl::ZeroDuration()) {
      changed_.WaitWithTimeout(&mutex_, std::min(left, kMaxWait));
      continue;
    }
    ClearLocked(id);
    mutex_.Unlock();
    on_due_(id);
    mutex_.Lock();
  }
}

}  // namespace orch
