// The book with the plan: pools through simulated hours and days.
#include "orchestrator/pool/pool_book.h"

#include <algorithm>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/pool/pool_change.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/pool/pool_world.h"

namespace orch {
namespace {

using orch::testing::PoolWorld;
using orch::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(PoolBookTest, FillsAtItsRateWithinOneBrowser) {
  for (const uint32_t size : {1u, 4u, 10u, 100u, 777u}) {
    for (const uint32_t percent : {1u, 10u, 25u, 100u, 250u}) {
      PoolWorld world(/*slots=*/1000);
      const absl::Time start = world.now();
      const Pool pool = world.AddPool(size, percent);
      const double per_minute = size * percent / 100.0;
      for (int second = 0; second < 60 * 120; second += 7) {
        world.AdvanceTo(start + absl::Seconds(second));
        const double due = std::min<double>(size, 1 + per_minute * second / 60.0);
        const auto available = static_cast<double>(world.Status(pool).available);
        ASSERT_LE(available, due + 0.01) << size << " " << percent << " " << second;
        ASSERT_GE(available, due - 1.01) << size << " " << percent << " " << second;
      }
    }
  }
}

TEST(PoolBookTest, RestsWhenNothingChanges) {
  PoolWorld world(10);
  world.AddPool(100, 25);
  world.Advance(absl::Hours(1));
  const size_t before = world.steps;
  EXPECT_EQ(world.book().NextLook(), absl::InfiniteFuture());
  world.Advance(absl::Hours(24 * 30));
  EXPECT_EQ(world.steps, before);
}

TEST(PoolBookTest, FillsFastPoolAtOnceAndStillLooksRarely) {
  PoolWorld world(/*slots=*/4);
  world.creation_time = [](const Pool&) { return absl::Seconds(1); };
  const Pool pool = world.AddPool(100, PoolSpec::kMaxFillRatePerMinute);
  world.Advance(absl::Seconds(26));
  EXPECT_EQ(world.Status(pool).available, 100u);
  EXPECT_LT(world.steps, 1000u);
}

TEST(PoolBookTest, NeverFillsAtRateZeroButReplacesWhatIsReset) {
  PoolWorld world(10);
  Pool pool = world.AddPool(3, 1000);
  std::vector<SessionId> acquired;
  world.on_acquired = [&](uint64_t, const SessionId& id) { acquired.push_back(id); };
  for (int i = 0; i < 3; ++i) world.Acquire(pool, absl::Minutes(5));
  world.Advance(absl::Minutes(2));
  ASSERT_EQ(acquired.size(), 3u);
  pool.spec.fill_rate_per_minute = 0;
  world.Change(pool);
  world.Release(pool, acquired[0], Reuse::kDiscard);
  world.Release(pool, acquired[1], Reuse::kReset);
  world.Advance(absl::Hours(24));
  EXPECT_EQ(world.Status(pool).available, 1u);
  EXPECT_EQ(world.Status(pool).acquired, 1u);
  EXPECT_THAT(world.Status(pool).held_back_by, HasSubstr("it is 0"));
}

TEST(PoolBookTest, ResetsAtOnceWhereDiscardWaitsForTheRate) {
  PoolWorld world(10);
  const Pool pool = world.AddPool(4, 25);  // One a minute.
  world.Advance(absl::Hours(1));
  std::vector<SessionId> acquired;
  world.on_acquired = [&](uint64_t, const SessionId& id) { acquired.push_back(id); };
  for (int i = 0; i < 4; ++i) world.Acquire(pool, absl::ZeroDuration());
  world.Advance(absl::Seconds(1));
  ASSERT_EQ(acquired.size(), 4u);
  for (int i = 0; i < 2; ++i) world.Release(pool, acquired[i], Reuse::kReset);
  world.Advance(absl::Milliseconds(1));
  EXPECT_EQ(world.Status(pool).available, 2u);
  // The bucket holds one token, the second comes a minute later.
  for (int i = 2; i < 4; ++i) world.Release(pool, acquired[i], Reuse::kDiscard);
  world.Advance(absl::Milliseconds(1));
  EXPECT_EQ(world.Status(pool).available, 3u);
  world.Advance(absl::Seconds(58));
  EXPECT_EQ(world.Status(pool).available, 3u);
  world.Advance(absl::Seconds(2));
  EXPECT_EQ(world.Status(pool).available, 4u);
  EXPECT_EQ(world.deleted.size(), 4u);
}

TEST(PoolBookTest, BacksOffFailuresAndRefillsAtOnceAfterSuccess) {
  PoolWorld world(10);
  bool works = false;
  world.creation_result = [&](const Pool&) {
    return works ? absl::OkStatus() : absl::InternalError("no such firmware");
  };
  const absl::Time start = world.now();
  const Pool pool = world.AddPool(10, 100'000);
  world.AdvanceTo(start + absl::Seconds(250));
  std::vector<int64_t> seconds;
  for (const absl::Time time : world.begun[pool.id.value()]) {
    seconds.push_back(absl::ToInt64Seconds(time - start));
  }
  EXPECT_THAT(seconds, ElementsAre(0, 1, 3, 7, 15, 31, 63, 123, 183, 243));
  const PoolStatus failing = world.Status(pool);
  EXPECT_EQ(failing.consecutive_failures, 10u);
  EXPECT_EQ(failing.last_error, "no such firmware");
  EXPECT_EQ(failing.last_error_at, start + absl::Seconds(243));
  EXPECT_THAT(failing.held_back_by, AllOf(HasSubstr("10 in a row"), HasSubstr("no such firmware")));
  works = true;
  world.AdvanceTo(start + absl::Seconds(304));
  const PoolStatus full = world.Status(pool);
  EXPECT_EQ(full.available, 10u);
  EXPECT_EQ(full.consecutive_failures, 0u);
  EXPECT_EQ(full.last_error, "");
  EXPECT_FALSE(full.last_error_at.has_value());
}

TEST(PoolBookTest, GivesTokensOfFailuresBack) {
  PoolWorld world(10);
  bool works = false;
  world.creation_result = [&](const Pool&) {
    return works ? absl::OkStatus() : absl::InternalError("boom");
  };
  const Pool pool = world.AddPool(1, 1);  // One in 100 minutes.
  world.Advance(absl::Seconds(10));
  works = true;
  world.Advance(absl::Seconds(10));
  EXPECT_EQ(world.Status(pool).available, 1u);
}

TEST(PoolBookTest, TriesFullHostAgainWhenRoomIsMade) {
  PoolWorld world(10);
  size_t room = 3;
  world.creation_result = [&](const Pool&) {
    if (room == 0) return absl::ResourceExhaustedError("2048 of 2048 MiB are in use");
    --room;
    return absl::OkStatus();
  };
  const Pool pool = world.AddPool(5, 100'000);
  world.Advance(absl::Seconds(100));
  const PoolStatus full = world.Status(pool);
  EXPECT_EQ(full.available, 3u);
  EXPECT_EQ(full.held_back_by, "host full: 2048 of 2048 MiB are in use");
  EXPECT_EQ(full.consecutive_failures, 0u);
  EXPECT_EQ(full.last_error, "");
  // The delay is long by now; a browser that ends cuts it short.
  room = 2;
  world.Do([&](PoolWork&) {
    world.book().Observe(Browser{.id = SessionId::Generate(), .state = BrowserState::kDeleted},
                         world.now());
  });
  world.Advance(absl::Milliseconds(1));
  EXPECT_EQ(world.Status(pool).available, 5u);
  EXPECT_EQ(world.Status(pool).held_back_by, "");
}

TEST(PoolBookTest, DoesNotCountCancelledCreationsAsFailures) {
  PoolWorld world(10);
  int cancelled = 0;
  world.creation_result = [&](const Pool&) {
    return ++cancelled <= 3 ? absl::CancelledError("a client deleted it") : absl::OkStatus();
  };
  const Pool pool = world.AddPool(1, 1);
  world.Advance(absl::Milliseconds(1));
  EXPECT_EQ(world.Status(pool).available, 1u);
}

TEST(PoolBookTest, ServesWaitersInOrderOfAsking) {
  PoolWorld world(10);
  const Pool pool = world.AddPool(10, 100);
  std::vector<uint64_t> asked, served;
  world.on_acquired = [&](uint64_t ticket, const SessionId&) { served.push_back(ticket); };
  for (int i = 0; i < 10; ++i) asked.push_back(world.Acquire(pool, absl::Hours(1)));
  world.Advance(absl::Minutes(2));
  EXPECT_EQ(served, asked);
}

TEST(PoolBookTest, KeepsPlaceOfWaiterWhoseBrowserCouldNotBeResumed) {
  PoolWorld world(10);
  const Pool pool = world.AddPool(3, 1000);
  world.Advance(absl::Minutes(1));
  int bad = 2;
  world.handout_result = [&](const SessionId&) {
    return bad-- > 0 ? absl::DataLossError("state is damaged") : absl::OkStatus();
  };
  std::vector<uint64_t> asked, served;
  world.on_acquired = [&](uint64_t ticket, const SessionId&) { served.push_back(ticket); };
  for (int i = 0; i < 3; ++i) asked.push_back(world.Acquire(pool, absl::Hours(1)));
  world.Advance(absl::Minutes(1));
  EXPECT_EQ(served.size(), 3u);
  EXPECT_EQ(served[0], asked[2]);
  // The first two lost their browsers, and get the next ones in their order.
  EXPECT_EQ(served[1], asked[0]);
  EXPECT_EQ(served[2], asked[1]);
  EXPECT_EQ(world.deleted.size(), 2u);
}

TEST(PoolBookTest, SaysWhyNobodyGotABrowser) {
  PoolWorld world(10);
  const Pool pool = world.AddPool(4, 25);
  std::vector<absl::Status> ended;
  world.on_ended = [&](uint64_t, const absl::Status& status) { ended.push_back(status); };
  for (int i = 0; i < 2; ++i) world.Acquire(pool, absl::Seconds(5));
  world.Advance(absl::Seconds(10));
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_THAT(ended[0], StatusIs(absl::StatusCode::kDeadlineExceeded,
                                 AllOf(HasSubstr(pool.id.value()), HasSubstr("within 5s"),
                                       HasSubstr("of 4 1 are acquired"),
                                       HasSubstr("held back by fill rate: 25 % of 4 per minute"))));
}

TEST(PoolBookTest, WaitsByDefaultForTheTimeToFillThePool) {
  PoolWorld world(10);
  const Pool pool = world.AddPool(1, 25);
  std::vector<absl::Time> ended;
  world.on_ended = [&](uint64_t, const absl::Status&) { ended.push_back(world.now()); };
  world.Acquire(pool, absl::ZeroDuration());
  world.Advance(absl::Seconds(1));
  world.Acquire(pool, absl::Hours(1));
  world.Advance(absl::Seconds(1));
  ended.clear();
  const absl::Time start = world.now();
  world.Do([&](PoolWork&) {
    ORCH_ASSERT_OK(world.book().Acquire(pool.id.value(), std::nullopt, world.now()));
  });
  world.Advance(absl::Hours(2));
  EXPECT_THAT(ended, ElementsAre(start + absl::Minutes(4)));
}

TEST(PoolBookTest, GivesBrowserOfCancelledCallToTheNext) {
  PoolWorld world(10);
  const Pool pool = world.AddPool(1, 1);
  world.Advance(absl::Seconds(1));
  std::vector<uint64_t> served;
  std::vector<absl::Status> ended;
  world.on_acquired = [&](uint64_t ticket, const SessionId&) { served.push_back(ticket); };
  world.on_ended = [&](uint64_t, const absl::Status& status) { ended.push_back(status); };
  const uint64_t first = world.Acquire(pool, absl::Hours(1));
  const uint64_t second = world.Acquire(pool, absl::Hours(1));
  const uint64_t third = world.Acquire(pool, absl::Hours(1));
  world.Cancel(second);  // While it waits.
  world.Cancel(first);   // While its browser is on its way.
  world.Cancel(first);
  world.Advance(absl::Seconds(1));
  EXPECT_THAT(served, ElementsAre(third));
  EXPECT_THAT(ended, ElementsAre(StatusIs(absl::StatusCode::kCancelled),
                                 StatusIs(absl::StatusCode::kCancelled)));
  EXPECT_THAT(world.deleted, IsEmpty());
}

TEST(PoolBookTest, ReplacesEndedBrowsersAtTheRate) {
  PoolWorld world(10);
  const Pool pool = world.AddPool(8, 25);  // Two a minute, and as many in the bucket.
  world.Advance(absl::Hours(1));
  std::vector<SessionId> acquired;
  world.on_acquired = [&](uint64_t, const SessionId& id) { acquired.push_back(id); };
  for (int i = 0; i < 4; ++i) world.Acquire(pool, absl::ZeroDuration());
  world.Advance(absl::Hours(1));
  for (const SessionId& id : acquired) world.End(pool, id);
  world.Advance(absl::Seconds(1));
  EXPECT_EQ(world.Status(pool).available, 6u);
  world.Advance(absl::Seconds(30));
  EXPECT_EQ(world.Status(pool).available, 7u);
  world.Advance(absl::Seconds(30));
  EXPECT_EQ(world.Status(pool).available, 8u);
}

TEST(PoolBookTest, ShrinksByIdleOnesAndThenByWhatIsReleased) {
  PoolWorld world(10);
  Pool pool = world.AddPool(5, 100'000);
  world.Advance(absl::Seconds(1));
  std::vector<SessionId> acquired;
  world.on_acquired = [&](uint64_t, const SessionId& id) { acquired.push_back(id); };
  for (int i = 0; i < 3; ++i) world.Acquire(pool, absl::ZeroDuration());
  world.Advance(absl::Seconds(1));
  pool.spec.size = 2;
  world.Change(pool);
  EXPECT_EQ(world.Status(pool).available, 0u);
  EXPECT_EQ(world.deleted.size(), 2u);
  world.Release(pool, acquired[0], Reuse::kKeep);
  EXPECT_EQ(world.Status(pool).available, 0u);
  EXPECT_EQ(world.deleted.size(), 3u);
  world.Release(pool, acquired[1], Reuse::kKeep);
  EXPECT_EQ(world.Status(pool).available, 1u);
  // Not owed: the pool is as large as it shall be.
  pool.spec.size = 1;
  pool.spec.fill_rate_per_minute = 0;
  world.Change(pool);
  EXPECT_EQ(world.Status(pool).available, 0u);
  EXPECT_EQ(world.Status(pool).available, 0u);
  world.Release(pool, acquired[2], Reuse::kReset);
  world.Advance(absl::Minutes(1));
  EXPECT_EQ(world.Status(pool).available, 1u);
}

TEST(PoolBookTest, OwesNothingForBrowsersAboveItsSize) {
  PoolWorld world(10);
  Pool pool = world.AddPool(2, 100'000);
  world.Advance(absl::Seconds(1));
  std::vector<SessionId> acquired;
  world.on_acquired = [&](uint64_t, const SessionId& id) { acquired.push_back(id); };
  for (int i = 0; i < 2; ++i) world.Acquire(pool, absl::ZeroDuration());
  world.Advance(absl::Seconds(1));
  pool.spec.size = 1;
  pool.spec.fill_rate_per_minute = 0;
  world.Change(pool);
  world.Release(pool, acquired[0], Reuse::kReset);
  world.Release(pool, acquired[1], Reuse::kDiscard);
  world.Advance(absl::Hours(1));
  EXPECT_EQ(world.Status(pool).available, 0u);
}

TEST(PoolBookTest, KeepsBrowserThatCannotBeWokenForLackOfMemory) {
  PoolWorld world(10);
  const Pool pool = world.AddPool(1, 100'000);
  world.Advance(absl::Seconds(1));
  bool full = true;
  world.handout_result = [&](const SessionId&) {
    return full ? absl::ResourceExhaustedError("256 MiB are missing") : absl::OkStatus();
  };
  std::vector<absl::Status> refused;
  world.on_ended = [&](uint64_t, const absl::Status& status) { refused.push_back(status); };
  std::vector<SessionId> acquired;
  world.on_acquired = [&](uint64_t, const SessionId& id) { acquired.push_back(id); };
  world.Acquire(pool, absl::Minutes(1));
  world.Advance(absl::Seconds(1));
  EXPECT_THAT(refused, ElementsAre(StatusIs(absl::StatusCode::kResourceExhausted)));
  EXPECT_THAT(world.deleted, IsEmpty());
  EXPECT_EQ(world.Status(pool).available, 1u);
  full = false;
  world.Acquire(pool, absl::ZeroDuration());
  world.Advance(absl::Seconds(1));
  EXPECT_EQ(acquired.size(), 1u);
}

TEST(PoolBookTest, WaitsAsLongAsABrowserTakesToStartWhenNothingElseIsSaid) {
  EXPECT_EQ(DefaultAcquireTimeout({.size = 1, .fill_rate_per_minute = 1'000'000}),
            absl::Seconds(30));
  EXPECT_EQ(DefaultAcquireTimeout({.size = 1, .fill_rate_per_minute = 25}), absl::Minutes(4));
  EXPECT_EQ(DefaultAcquireTimeout({.size = 1, .fill_rate_per_minute = 0}), absl::Hours(1));
}

TEST(PoolBookTest, HandsOutOldKindAfterUpdateButDoesNotReuseIt) {
  PoolWorld world(10);
  Pool pool = world.AddPool(2, 100'000);
  world.Advance(absl::Seconds(1));
  std::vector<SessionId> acquired;
  world.on_acquired = [&](uint64_t, const SessionId& id) { acquired.push_back(id); };
  ++pool.generation;
  pool.spec.browser.image = "other";
  world.Change(pool);
  EXPECT_EQ(world.Status(pool).available, 2u);
  world.Acquire(pool, absl::ZeroDuration());
  world.Advance(absl::Seconds(1));
  ASSERT_EQ(acquired.size(), 1u);
  world.Release(pool, acquired[0], Reuse::kKeep);
  EXPECT_THAT(world.deleted, ElementsAre(acquired[0]));
  world.Advance(absl::Seconds(1));
  EXPECT_EQ(world.Status(pool).available, 2u);
}

TEST(PoolBookTest, DiscardsIdleAndPendingOnesOfTheOldKind) {
  PoolWorld world(10);
  world.creation_time = [](const Pool&) { return absl::Seconds(10); };
  Pool pool = world.AddPool(4, 200);  // 8 a minute.
  world.Advance(absl::Seconds(20));
  ASSERT_GT(world.Status(pool).available, 0u);
  ASSERT_GT(world.Status(pool).pending, 0u);
  const size_t old = world.Status(pool).available + world.Status(pool).pending;
  pool.discards_before = ++pool.generation;
  world.Change(pool);
  EXPECT_EQ(world.Status(pool).available, 0u);
  world.Advance(absl::Minutes(5));
  EXPECT_EQ(world.deleted.size(), old);
  EXPECT_EQ(world.Status(pool).available, 4u);
}

TEST(PoolBookTest, FlushesIdleOnesAlone) {
  PoolWorld world(10);
  const Pool pool = world.AddPool(4, 100'000);
  world.Advance(absl::Seconds(1));
  world.Acquire(pool, absl::ZeroDuration());
  world.Advance(absl::Seconds(1));
  world.Do([&](PoolWork&) { ORCH_EXPECT_OK(world.book().Flush(pool.id.value())); });
  EXPECT_EQ(world.deleted.size(), 3u);
  world.Advance(absl::Seconds(1));
  EXPECT_EQ(world.Status(pool).available, 3u);
  EXPECT_EQ(world.Status(pool).acquired, 1u);
}

TEST(PoolBookTest, DoesNotLetFailingPoolsStarveOthers) {
  PoolWorld world(/*slots=*/2);
  std::vector<Pool> failing;
  world.creation_time = [](const Pool&) { return absl::Seconds(30); };
  world.creation_result = [&](const Pool& pool) {
    for (const Pool& bad : failing) {
      if (bad.id == pool.id) return absl::DeadlineExceededError("guest was not ready within 30s");
    }
    return absl::OkStatus();
  };
  for (int i = 0; i < 10; ++i) failing.push_back(world.AddPool(10, 100'000));
  world.Advance(absl::Minutes(10));
  const Pool good = world.AddPool(20, 100'000);
  // Alone it would take 5 min; the others get every fourth slot.
  world.Advance(absl::Minutes(7) + absl::Seconds(30));
  EXPECT_EQ(world.Status(good).available, 20u);
  // The others are still tried.
  const size_t before = world.begun[failing[0].id.value()].size();
  world.Advance(absl::Hours(1));
  EXPECT_GT(world.begun[failing[0].id.value()].size(), before);
}

TEST(PoolBookTest, SharesSlotsAmongPoolsOfEqualNeed) {
  PoolWorld world(/*slots=*/3);
  world.creation_time = [](const Pool&) { return absl::Seconds(1); };
  std::vector<Pool> pools;
  for (int i = 0; i < 7; ++i) pools.push_back(world.AddPool(30, 100'000));
  for (int second = 1; second < 60; ++second) {
    world.Advance(absl::Seconds(1));
    std::vector<size_t> available;
    for (const Pool& pool : pools) available.push_back(world.Status(pool).available);
    const auto [least, most] = std::minmax_element(available.begin(), available.end());
    ASSERT_LE(*most - *least, 1u) << second;
  }
}

TEST(PoolBookTest, ForgetsDeletedPool) {
  PoolWorld world(10);
  const Pool pool = world.AddPool(2, 100'000);
  world.Advance(absl::Seconds(1));
  std::vector<absl::Status> ended;
  world.on_ended = [&](uint64_t, const absl::Status& status) { ended.push_back(status); };
  for (int i = 0; i < 3; ++i) world.Acquire(pool, absl::Hours(1));
  world.Advance(absl::Seconds(1));
  EXPECT_THAT(world.book().BeginDeleting(pool.id.value(), /*force=*/false),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("2 browsers")));
  world.Do([&](PoolWork& work) {
    ORCH_EXPECT_OK(world.book().BeginDeleting(pool.id.value(), /*force=*/true));
    EXPECT_THAT(world.book().Acquire(pool.id.value(), std::nullopt, world.now()),
                StatusIs(absl::StatusCode::kFailedPrecondition));
    world.book().FinishDeleting(pool.id, work);
  });
  EXPECT_EQ(world.deleted.size(), 2u);
  EXPECT_THAT(ended, ElementsAre(StatusIs(absl::StatusCode::kFailedPrecondition)));
  EXPECT_THAT(world.book().Acquire(pool.id.value(), std::nullopt, world.now()),
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(world.book().NextLook(), absl::InfiniteFuture());
}

}  // namespace
}  // namespace orch
