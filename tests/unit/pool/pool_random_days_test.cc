// Pools through random days, and what holds at each moment of them.
#include <algorithm>
#include <map>
#include <random>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

#include "orchestrator/pool/pool_book.h"
#include "tests/unit/pool/pool_world.h"

namespace orch {
namespace {

using orch::testing::PoolWorld;

// Clients come and go as they like for days; everything that must always hold is checked.
TEST(PoolRandomDaysTest, HoldsItsPromisesThroughRandomDays) {
  for (const uint32_t seed : {1u, 2u, 3u}) {
    std::mt19937 random(seed);
    const auto chance = [&](int percent) { return static_cast<int>(random() % 100) < percent; };
    PoolWorld world(/*slots=*/4);
    world.creation_time = [&](const Pool&) { return absl::Milliseconds(random() % 20'000); };
    world.creation_result = [&](const Pool&) {
      if (chance(5)) return absl::InternalError("boom");
      if (chance(3)) return absl::ResourceExhaustedError("full");
      return absl::OkStatus();
    };
    world.handout_result = [&](const SessionId&) {
      return chance(2) ? absl::DataLossError("damaged") : absl::OkStatus();
    };
    std::vector<Pool> pools;
    for (uint32_t i = 0; i < 8; ++i) {
      pools.push_back(world.AddPool(1 + random() % 20, 10 + random() % 200));
    }
    std::map<uint64_t, std::pair<size_t, absl::Time>> open;  // Ticket to pool and deadline.
    std::vector<std::vector<SessionId>> held(pools.size());
    size_t served = 0, timed_out = 0;
    world.on_acquired = [&](uint64_t ticket, const SessionId& id) {
      ASSERT_EQ(open.count(ticket), 1u);
      held[open.at(ticket).first].push_back(id);
      open.erase(ticket);
      ++served;
    };
    world.on_ended = [&](uint64_t ticket, const absl::Status& status) {
      ASSERT_EQ(open.count(ticket), 1u);
      if (absl::IsDeadlineExceeded(status)) {
        ++timed_out;
        EXPECT_GE(world.now(), open.at(ticket).second);
      }
      open.erase(ticket);
    };
    const absl::Time end = world.now() + absl::Hours(48);
    while (world.now() < end) {
      world.Advance(absl::Milliseconds(random() % 8'000));
      const size_t i = random() % pools.size();
      if (chance(50)) {
        const absl::Duration timeout = absl::Seconds(1 + random() % 600);
        // Neither end can come before this: handouts are events of their own.
        const uint64_t ticket = world.Acquire(pools[i], timeout);
        open.emplace(ticket, std::pair(i, world.now() + timeout));
      } else if (!held[i].empty()) {
        const SessionId id = held[i].back();
        held[i].pop_back();
        if (chance(10)) {
          world.End(pools[i], id);
        } else {
          world.Release(pools[i], id, static_cast<Reuse>(random() % 3));
        }
      } else if (chance(2) && !open.empty()) {
        world.Cancel(open.begin()->first);
      } else if (chance(2)) {
        pools[i].spec.size = 1 + random() % 20;
        if (chance(50)) ++pools[i].generation;
        if (chance(50)) pools[i].discards_before = ++pools[i].generation;
        world.Change(pools[i]);
      }
      for (const auto& [ticket, call] : open) {
        ASSERT_LE(world.now(), call.second + absl::Seconds(1)) << "nobody ended call " << ticket;
      }
    }
    EXPECT_GT(served, 1000u);
    // In the end everything comes to rest, and every pool is full.
    world.creation_result = [](const Pool&) { return absl::OkStatus(); };
    world.Advance(absl::Hours(12));
    EXPECT_TRUE(open.empty());
    for (size_t i = 0; i < pools.size(); ++i) {
      const PoolStatus status = world.Status(pools[i]);
      EXPECT_EQ(status.acquired, held[i].size());
      EXPECT_EQ(status.available + status.acquired,
                std::max<size_t>(pools[i].spec.size, status.acquired));
    }
    EXPECT_EQ(world.book().NextLook(), absl::InfiniteFuture());
  }
}

// Over any stretch of time, no more tokens are spent than the bucket gave.
TEST(PoolRandomDaysTest, NeverCreatesFasterThanItsRate) {
  PoolWorld world(/*slots=*/100);
  const Pool pool = world.AddPool(40, 25);  // Ten a minute.
  std::mt19937 random(7);
  world.on_acquired = [&](uint64_t, const SessionId& id) {
    world.At(world.now() + absl::Milliseconds(random() % 1000),
             [&world, &pool, id] { world.Release(pool, id, Reuse::kDiscard); });
  };
  for (int i = 0; i < 2000; ++i) {
    world.Acquire(pool, absl::Hours(1));
    world.Advance(absl::Milliseconds(random() % 10'000));
  }
  const std::vector<absl::Time>& begun = world.begun[pool.id.value()];
  ASSERT_GT(begun.size(), 500u);
  for (size_t i = 0; i < begun.size(); ++i) {
    for (size_t j = i; j < begun.size(); j += 17) {
      const double minutes = absl::ToDoubleMinutes(begun[j] - begun[i]);
      ASSERT_LE(static_cast<double>(j - i + 1), 10.0 + 10.0 * minutes + 1.01);
    }
  }
}

}  // namespace
}  // namespace orch
