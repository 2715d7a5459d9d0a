#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

#include "orchestrator/pool/pool_book.h"

namespace orch::testing {

// A host that carries out what a PoolBook says, in simulated time and without threads: days pass in
// milliseconds. Checks after every event that no pool is larger than it shall be and that no more
// creations run than may.
class PoolWorld {
 public:
  explicit PoolWorld(size_t slots) : slots_(slots), book_(slots) {}

  absl::Time now() const { return now_; }
  PoolBook& book() { return book_; }

  // How long a creation takes, and how it ends.
  std::function<absl::Duration(const Pool&)> creation_time = [](const Pool&) {
    return absl::ZeroDuration();
  };
  std::function<absl::Status(const Pool&)> creation_result = [](const Pool&) {
    return absl::OkStatus();
  };
  std::function<absl::Status(const SessionId&)> handout_result = [](const SessionId&) {
    return absl::OkStatus();
  };
  // Called with each browser that a call gets, and each call that ends without.
  std::function<void(uint64_t ticket, const SessionId&)> on_acquired = [](auto, const auto&) {};
  std::function<void(uint64_t ticket, const absl::Status&)> on_ended = [](auto, const auto&) {};

  Pool AddPool(uint32_t size, uint32_t percent) {
    Pool pool{.id = PoolId::Generate(),
              .spec = {.size = size, .fill_rate_per_minute = percent},
              .created_at = now_};
    pools_.emplace(pool.id.value(), pool);
    Do([&](PoolWork&) { book_.Insert(pool, now_); });
    return pool;
  }
  void Change(const Pool& pool) {
    pools_.at(pool.id.value()) = pool;
    Do([&](PoolWork&) { book_.Change(pool, now_); });
  }
  uint64_t Acquire(const Pool& pool, absl::Duration timeout) {
    uint64_t ticket = 0;
    Do([&](PoolWork&) { ticket = *book_.Acquire(pool.id.value(), timeout, now_); });
    return ticket;
  }
  void Cancel(uint64_t ticket) {
    Do([&](PoolWork& work) { book_.Cancel(ticket, work); });
  }
  void Release(const Pool& pool, const SessionId& id, Reuse reuse) {
    Do([&](PoolWork& work) {
      const auto giving_back = book_.BeginGivingBack(pool.id.value(), id, reuse, now_, work);
      ASSERT_TRUE(giving_back.ok()) << giving_back.status();
      if (giving_back->keep) book_.GivenBack(pool.id, id, BrowserState::kReady, now_, work);
    });
  }
  // The browser ends by itself.
  void End(const Pool& pool, const SessionId& id) {
    Do([&](PoolWork&) { book_.Gone(pool.id, id); });
  }
  PoolStatus Status(const Pool& pool) const { return *book_.Status(pool.id.value(), now_); }

  // Something that happens later.
  void At(absl::Time time, std::function<void()> event) {
    events_.emplace(std::max(time, now_), std::move(event));
  }

  // Lets time pass, and everything that it brings happen.
  void AdvanceTo(absl::Time end) {
    while (true) {
      const absl::Time look = book_.NextLook();
      const absl::Time event = events_.empty() ? absl::InfiniteFuture() : events_.begin()->first;
      const absl::Time next = std::min(look, event);
      if (next > end) break;
      now_ = std::max(now_, next);
      ++steps;
      if (event <= look) {
        const std::function<void()> happens = std::move(events_.begin()->second);
        events_.erase(events_.begin());
        happens();
      } else {
        Do([](PoolWork&) {});
      }
    }
    now_ = end;
  }
  void Advance(absl::Duration duration) { AdvanceTo(now_ + duration); }

  void Do(const std::function<void(PoolWork&)>& event) {
    PoolWork work;
    event(work);
    book_.Plan(now_, work);
    CarryOut(std::move(work));
  }

  // By pool: when each creation began.
  std::map<std::string, std::vector<absl::Time>> begun;
  std::vector<SessionId> deleted;
  // How often anything was looked at.
  size_t steps = 0;

 private:
  void CarryOut(PoolWork work) {
    creating_ += work.creations.size();
    EXPECT_LE(creating_, slots_);
    for (const auto& [id, pool] : pools_) Check(pool);
    for (const auto& [ticket, status] : work.endings) on_ended(ticket, status);
    deleted.insert(deleted.end(), work.deletions.begin(), work.deletions.end());
    for (const PoolWork::Handout& handout : work.handouts) {
      At(now_, [this, handout] {
        const absl::Status result = handout_result(handout.id);
        bool delivered = false;
        Do([&](PoolWork& more) { delivered = book_.HandedOut(handout, result, now_, more); });
        if (delivered) on_acquired(handout.ticket, handout.id);
      });
    }
    for (const PoolWork::Return& back : work.returns) {
      At(now_, [this, back] {
        Do([&](PoolWork& more) {
          book_.GivenBack(back.pool, back.id, BrowserState::kReady, now_, more);
        });
      });
    }
    for (PoolWork::Creation& creation : work.creations) {
      begun[creation.pool.id.value()].push_back(now_);
      At(now_ + creation_time(creation.pool), [this, creation] {
        --creating_;
        absl::StatusOr<Browser> made = Browser{.id = SessionId::Generate()};
        if (absl::Status result = creation_result(creation.pool); !result.ok()) made = result;
        Do([&](PoolWork& more) {
          book_.Created(creation.creation, made, now_, /*wall=*/now_, more);
        });
      });
    }
  }

  void Check(const Pool& pool) {
    const absl::StatusOr<PoolStatus> status = book_.Status(pool.id.value(), now_);
    if (!status.ok()) return;
    const size_t total = status->available + status->acquired + status->pending;
    // Acquired ones may be more than a pool that shrank; nothing is made then.
    EXPECT_LE(total, std::max<size_t>(pool.spec.size, status->acquired + status->pending));
    if (status->waiting > 0) {
      EXPECT_EQ(status->available, 0u);
    }
  }

  const size_t slots_;
  absl::Time now_ = absl::FromUnixSeconds(1'000'000);
  PoolBook book_;
  std::map<std::string, Pool> pools_;
  std::multimap<absl::Time, std::function<void()>> events_;
  size_t creating_ = 0;
};

}  // namespace orch::testing
