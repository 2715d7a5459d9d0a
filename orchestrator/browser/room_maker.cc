#include "orchestrator/browser/room_maker.h"

#include <algorithm>
#include <utility>

namespace orch {

void RoomMaker::Request(uint64_t memory_mib, Reach reach, Take take, Done done) {
  auto waiter = std::make_unique<Waiter>(Waiter{.memory_mib = memory_mib,
                                                .reach = reach,
                                                .take = std::move(take),
                                                .done = std::move(done),
                                                .tried = {}});
  absl::Status stopped;
  {
    absl::MutexLock lock(&mutex_);
    stopped = stopped_;
    if (stopped.ok()) {
      waiting_.push_back(std::exchange(waiter, nullptr));
      if (std::exchange(serving_, true)) return;
    }
  }
  if (!stopped.ok()) {
    waiter->done(stopped);
    return;
  }
  Serve();
}

void RoomMaker::Serve() {
  while (true) {
    std::unique_ptr<Waiter> first;
    {
      absl::MutexLock lock(&mutex_);
      if (waiting_.empty()) {
        serving_ = false;
        return;
      }
      first = std::move(waiting_.front());
      waiting_.pop_front();
    }
    budget_.KeepFree(0);
    absl::Status taken = first->take();
    std::optional<SessionId> next;
    if (HostBudget::IsLackOfMemory(taken)) {
      next = NextFor(*first);
      // Others may have made room before they were looked at.
      if (!next.has_value()) taken = first->take();
    }
    absl::Status stopped;
    if (next.has_value()) {
      first->tried.insert(*next);
      budget_.KeepFree(first->memory_mib);
      absl::MutexLock lock(&mutex_);
      stopped = stopped_;
      if (stopped.ok()) waiting_.push_front(std::exchange(first, nullptr));
    }
    if (first != nullptr) {
      if (!stopped.ok()) budget_.KeepFree(0);
      first->done(stopped.ok() ? taken : stopped);
      continue;
    }
    // Whoever asks meanwhile finds that somebody serves already.
    host_.push(*next, [this] { Serve(); });
    return;
  }
}

std::optional<SessionId> RoomMaker::NextFor(const Waiter& waiter) const {
  uint64_t missing = budget_.MissingMib(waiter.memory_mib);
  if (missing == 0) return std::nullopt;
  std::optional<SessionId> next;
  for (const Pushable& browser : host_.pushable(waiter.reach)) {
    if (waiter.tried.contains(browser.id)) continue;
    if (!next.has_value()) next = browser.id;
    missing -= std::min(missing, browser.memory_mib);
    if (missing == 0) return next;
  }
  return std::nullopt;
}

bool RoomMaker::CouldMake(uint64_t memory_mib, Reach reach) const {
  // Else it is only kept for others, who are served first.
  if (budget_.MissingMib(memory_mib) == 0) return true;
  return NextFor({.memory_mib = memory_mib, .reach = reach, .take = {}, .done = {}, .tried = {}})
      .has_value();
}

void RoomMaker::Stop(const absl::Status& reason) {
  std::deque<std::unique_ptr<Waiter>> waiting;
  {
    absl::MutexLock lock(&mutex_);
    stopped_ = reason;
    waiting.swap(waiting_);
  }
  budget_.KeepFree(0);
  for (const std::unique_ptr<Waiter>& waiter : waiting) waiter->done(reason);
}

}  // namespace orch
