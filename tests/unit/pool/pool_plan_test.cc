#include "orchestrator/pool/pool_plan.h"

#include <memory>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/pool/held_back.h"

namespace orch {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const absl::Time kNow = absl::FromUnixSeconds(100'000);

// What one view borrows, with little to say by default.
struct Case {
  Case(uint32_t size, uint32_t percent)
      : pool{.id = PoolId::Generate(), .spec = {.size = size, .fill_rate_per_minute = percent}},
        tokens(size, percent, kNow) {}

  Case& Idle(int count) {
    for (int i = 0; i < count; ++i) {
      idle.emplace(idle.size() + 1, IdleBrowser{.id = SessionId::Generate(), .since = kNow});
    }
    return *this;
  }
  Case& Waiting(uint64_t ticket, absl::Duration timeout = absl::Minutes(1)) {
    waiting.emplace(ticket, Waiter{.since = kNow, .deadline = kNow + timeout});
    deadlines.emplace(kNow + timeout, ticket);
    return *this;
  }
  Case& Holds(size_t acquired_now, size_t pending_now = 0) {
    acquired = acquired_now;
    pending = pending_now;
    return *this;
  }
  // As many tokens as fit.
  Case& Rich() {
    tokens = TokenBucket(pool.spec.size, pool.spec.fill_rate_per_minute, kNow - absl::Hours(1));
    return *this;
  }
  Case& Poor() {
    tokens.Take(1, kNow);
    return *this;
  }

  PoolView View() const {
    return {.pool = pool,
            .idle = idle,
            .discard_before = discard_before,
            .acquired = acquired,
            .pending = pending,
            .waiting = waiting,
            .deadlines = deadlines,
            .tokens = tokens,
            .owed = owed,
            .failures = failures,
            .refusals = refusals,
            .last_served = last_served};
  }

  Pool pool;
  IdleQueue idle;
  uint64_t discard_before = 0;
  size_t acquired = 0;
  size_t pending = 0;
  WaitQueue waiting;
  WaitDeadlines deadlines;
  TokenBucket tokens;
  size_t owed = 0;
  Backoff failures;
  Backoff refusals;
  uint64_t last_served = 0;
};

PoolPlan PlanOne(const Case& tested, size_t slots = 1000, absl::Time now = kNow) {
  const PoolView view = tested.View();
  return PlanPools({&view, 1}, {.free_slots = slots}, now)[0];
}

std::vector<size_t> CreationsOf(const std::vector<const Case*>& cases, size_t slots,
                                absl::Time now = kNow) {
  std::vector<PoolView> views;
  for (const Case* tested : cases) views.push_back(tested->View());
  std::vector<size_t> creations;
  for (const PoolPlan& plan : PlanPools(views, {.free_slots = slots}, now)) {
    creations.push_back(plan.creations);
  }
  return creations;
}

std::vector<std::pair<uint64_t, uint64_t>> Pairs(const PoolPlan& plan) {
  std::vector<std::pair<uint64_t, uint64_t>> pairs;
  for (const auto& handout : plan.handouts) pairs.emplace_back(handout.ticket, handout.idle);
  return pairs;
}

TEST(PoolPlanTest, DoesNothingForFullPool) {
  const PoolPlan plan = PlanOne(Case(3, 25).Idle(2).Holds(1).Rich());
  EXPECT_EQ(plan.creations, 0u);
  EXPECT_THAT(plan.deletions, IsEmpty());
  EXPECT_EQ(plan.look_again, absl::InfiniteFuture());
  EXPECT_FALSE(plan.wants_slot);
}

TEST(PoolPlanTest, CreatesWhatIsMissingAsFarAsItHasTokens) {
  EXPECT_EQ(PlanOne(Case(100, 25).Rich()).creations, 25u);
  EXPECT_EQ(PlanOne(Case(100, 25).Idle(30).Holds(30, 30).Rich()).creations, 10u);
  EXPECT_EQ(PlanOne(Case(100, 25)).creations, 1u);
}

TEST(PoolPlanTest, CountsIdleAcquiredAndPendingAgainstTheSize) {
  EXPECT_EQ(PlanOne(Case(3, 100).Idle(1).Holds(1, 1).Rich()).creations, 0u);
  EXPECT_EQ(PlanOne(Case(3, 100).Idle(1).Holds(1, 0).Rich()).creations, 1u);
  EXPECT_EQ(PlanOne(Case(3, 100).Idle(1).Holds(5, 5).Rich()).creations, 0u);
}

TEST(PoolPlanTest, LooksAgainWhenTheNextTokenComes) {
  // One per minute.
  const PoolPlan plan = PlanOne(Case(4, 25).Poor());
  EXPECT_EQ(plan.creations, 0u);
  EXPECT_LE(plan.look_again, kNow + absl::Minutes(1));
  EXPECT_GT(plan.look_again, kNow + absl::Seconds(59));
}

TEST(PoolPlanTest, DoesNotWaitForTokensThatItCannotSpend) {
  const PoolPlan plan = PlanOne(Case(100, 25).Rich(), /*slots=*/3);
  EXPECT_EQ(plan.creations, 3u);
  EXPECT_TRUE(plan.wants_slot);
  EXPECT_EQ(plan.look_again, absl::InfiniteFuture());
}

TEST(PoolPlanTest, NeverCreatesAtRateZero) {
  const PoolPlan plan = PlanOne(Case(10, 0).Waiting(1));
  EXPECT_EQ(plan.creations, 0u);
  EXPECT_EQ(plan.look_again, kNow + absl::Minutes(1));
}

TEST(PoolPlanTest, ReplacesWhatItOwesWithoutTokens) {
  Case tested(10, 0);
  tested.Holds(8);
  tested.owed = 2;
  const PoolPlan plan = PlanOne(tested);
  EXPECT_EQ(plan.creations, 2u);
  EXPECT_EQ(plan.untaxed, 2u);
}

TEST(PoolPlanTest, SpendsWhatItOwesBeforeTokens) {
  Case tested(100, 25);
  tested.owed = 2;
  const PoolPlan plan = PlanOne(tested.Rich(), /*slots=*/5);
  EXPECT_EQ(plan.creations, 5u);
  EXPECT_EQ(plan.untaxed, 2u);
}

TEST(PoolPlanTest, HandsOutLongestIdleInOrderOfAsking) {
  const PoolPlan plan = PlanOne(Case(5, 25).Idle(2).Holds(3).Waiting(7).Waiting(9).Waiting(11));
  EXPECT_THAT(Pairs(plan), ElementsAre(std::pair(7u, 1u), std::pair(9u, 2u)));
  EXPECT_EQ(plan.look_again, kNow + absl::Minutes(1));
}

TEST(PoolPlanTest, HandsOutEvenAtTheDeadline) {
  const PoolPlan plan = PlanOne(Case(5, 25).Idle(1).Holds(4).Waiting(7, absl::ZeroDuration()));
  EXPECT_THAT(Pairs(plan), ElementsAre(std::pair(7u, 1u)));
  EXPECT_THAT(plan.timed_out, IsEmpty());
}

TEST(PoolPlanTest, TimesOutWhoWaitedLongEnough) {
  const PoolPlan plan = PlanOne(Case(5, 25)
                                    .Holds(5)
                                    .Waiting(1, absl::Seconds(3))
                                    .Waiting(2, absl::ZeroDuration())
                                    .Waiting(3, -absl::Seconds(1))
                                    .Waiting(4, absl::Seconds(2)));
  EXPECT_THAT(plan.timed_out, ElementsAre(3, 2));
  EXPECT_EQ(plan.look_again, kNow + absl::Seconds(2));
}

TEST(PoolPlanTest, DeletesLongestIdleAboveTheSize) {
  EXPECT_THAT(PlanOne(Case(3, 25).Idle(4).Holds(1)).deletions, ElementsAre(1, 2));
  EXPECT_THAT(PlanOne(Case(3, 25).Idle(2).Holds(7)).deletions, ElementsAre(1, 2));
}

TEST(PoolPlanTest, DeletesDiscardedAndReplacesThem) {
  Case tested(3, 100);
  tested.discard_before = 3;
  const PoolPlan plan = PlanOne(tested.Idle(3).Rich());
  EXPECT_THAT(plan.deletions, ElementsAre(1, 2));
  EXPECT_EQ(plan.creations, 2u);
}

TEST(PoolPlanTest, DoesNotHandOutWhatItDeletes) {
  Case tested(3, 100);
  tested.discard_before = 3;
  EXPECT_THAT(Pairs(PlanOne(tested.Idle(3).Waiting(1).Waiting(2))), ElementsAre(std::pair(1u, 3u)));
}

TEST(PoolPlanTest, WaitsAfterFailureAndThenTriesOneAtATime) {
  Case tested(10, 1000);
  tested.Rich().failures.Failed(kNow, kNow);
  const PoolPlan waits = PlanOne(tested);
  EXPECT_EQ(waits.creations, 0u);
  EXPECT_EQ(waits.look_again, kNow + absl::Seconds(1));
  EXPECT_FALSE(waits.wants_slot);
  EXPECT_EQ(PlanOne(tested, 1000, kNow + absl::Seconds(1)).creations, 1u);
  EXPECT_EQ(PlanOne(tested.Holds(0, 1), 1000, kNow + absl::Seconds(1)).creations, 0u);
}

TEST(PoolPlanTest, WaitsAfterRefusalAndThenTriesAll) {
  Case tested(10, 1000);
  tested.Rich().refusals.Failed(kNow, kNow);
  const PoolPlan waits = PlanOne(tested);
  EXPECT_EQ(waits.creations, 0u);
  EXPECT_EQ(waits.look_again, kNow + absl::Seconds(1));
  tested.refusals.RetryNow(kNow);
  EXPECT_EQ(PlanOne(tested).creations, 10u);
}

TEST(PoolPlanTest, GivesSlotsToPoolsWithWaitersFirst) {
  Case waits(10, 1000), empty(10, 1000);
  waits.Rich().Holds(8).Waiting(1);
  empty.Rich();
  EXPECT_THAT(CreationsOf({&empty, &waits}, 1), ElementsAre(0, 1));
  // One browser per waiter, then it is as others.
  EXPECT_THAT(CreationsOf({&empty, &waits}, 4), ElementsAre(3, 1));
  // What is being made already counts for those who wait.
  waits.Holds(7, 1);
  EXPECT_THAT(CreationsOf({&empty, &waits}, 1), ElementsAre(1, 0));
}

TEST(PoolPlanTest, GivesSlotsToTheEmptiestInRelationToItsSize) {
  Case small(4, 1000), large(100, 1000);
  small.Rich().Holds(3);   // 75 %
  large.Rich().Holds(50);  // 50 %
  EXPECT_THAT(CreationsOf({&small, &large}, 10), ElementsAre(0, 10));
  EXPECT_THAT(CreationsOf({&small, &large}, 30), ElementsAre(1, 29));
}

TEST(PoolPlanTest, GivesSlotsInTurnsOnTies) {
  Case a(10, 1000), b(10, 1000), c(10, 1000);
  for (Case* tested : {&a, &b, &c}) tested->Rich();
  a.last_served = 5;
  b.last_served = 4;
  c.last_served = 3;
  EXPECT_THAT(CreationsOf({&a, &b, &c}, 1), ElementsAre(0, 0, 1));
  EXPECT_THAT(CreationsOf({&a, &b, &c}, 2), ElementsAre(0, 1, 1));
  EXPECT_THAT(CreationsOf({&a, &b, &c}, 9), ElementsAre(3, 3, 3));
}

TEST(PoolPlanTest, GivesSlotsToFailingPoolsLast) {
  Case fails(10, 1000), works(10, 1000);
  fails.Rich().Waiting(1).failures.Failed(kNow, kNow);
  works.Rich();
  const absl::Time due = kNow + absl::Seconds(1);
  EXPECT_THAT(CreationsOf({&fails, &works}, 1, due), ElementsAre(0, 1));
  EXPECT_THAT(CreationsOf({&fails, &works}, 10, due), ElementsAre(0, 10));
  EXPECT_THAT(CreationsOf({&fails, &works}, 11, due), ElementsAre(1, 10));
}

TEST(PoolPlanTest, GivesEveryFourthSlotToFailingPoolThatWaitedForAMinute) {
  Case fails(10, 1000), overdue(10, 1000), works(10, 1000);
  for (Case* tested : {&fails, &overdue}) tested->Rich().failures.Failed(kNow, kNow);
  works.Rich();
  overdue.last_served = 1;
  fails.last_served = 2;
  const std::vector<PoolView> views = {fails.View(), overdue.View(), works.View()};
  const auto creations = [&](size_t since_failing, absl::Duration later) {
    const HostView host{.free_slots = 2, .since_failing = since_failing};
    std::vector<size_t> counts;
    for (const PoolPlan& plan : PlanPools(views, host, kNow + later)) {
      counts.push_back(plan.creations);
    }
    return counts;
  };
  EXPECT_THAT(creations(3, absl::Seconds(61)), ElementsAre(0, 1, 1));
  EXPECT_THAT(creations(2, absl::Seconds(61)), ElementsAre(0, 0, 2));
  EXPECT_THAT(creations(3, absl::Seconds(60)), ElementsAre(0, 0, 2));
}

TEST(PoolPlanTest, NeverGivesMoreThanThereAreSlots) {
  std::vector<Case> cases;
  for (uint32_t i = 1; i < 20; ++i) cases.push_back(Case(i, 1000).Rich());
  std::vector<const Case*> pointers;
  for (const Case& tested : cases) pointers.push_back(&tested);
  for (size_t slots : {0, 1, 7, 50, 500}) {
    size_t sum = 0;
    for (const size_t creations : CreationsOf(pointers, slots)) sum += creations;
    EXPECT_EQ(sum, std::min<size_t>(slots, 190));
  }
}

TEST(PoolPlanTest, SaysWhatHoldsBack) {
  const auto why = [](const Case& tested) { return WhyHeldBack(tested.View(), kNow); };
  EXPECT_EQ(why(Case(3, 25).Holds(3)), HeldBack::kNothing);
  EXPECT_EQ(why(Case(3, 25).Holds(1, 1)), HeldBack::kNothing);
  EXPECT_EQ(why(Case(3, 25).Poor()), HeldBack::kFillRate);
  EXPECT_EQ(why(Case(3, 0)), HeldBack::kNeverFilled);
  EXPECT_EQ(why(Case(3, 25)), HeldBack::kHostBusy);
  Case refused(3, 25);
  refused.refusals.Failed(kNow, kNow);
  EXPECT_EQ(why(refused), HeldBack::kHostFull);
  Case failed(3, 25);
  failed.failures.Failed(kNow, kNow);
  EXPECT_EQ(why(failed), HeldBack::kFailures);
}

TEST(PoolPlanTest, DescribesWhatHoldsBack) {
  const auto words = [](const Case& tested) {
    return DescribeHeldBack(tested.View(), "no memory: 1 of 2 MiB", "boom", kNow);
  };
  EXPECT_EQ(words(Case(3, 25).Holds(3)), "");
  EXPECT_EQ(words(Case(4, 25).Poor()), "fill rate: 25 % of 4 per minute, the next browser in 1m");
  EXPECT_THAT(words(Case(3, 0)), HasSubstr("fill rate: it is 0"));
  EXPECT_THAT(words(Case(3, 25)), HasSubstr("host: "));
  Case refused(3, 25);
  refused.refusals.Failed(kNow, kNow);
  EXPECT_EQ(words(refused), "host full: no memory: 1 of 2 MiB");
  Case failed(3, 25);
  failed.failures.Failed(kNow, kNow);
  EXPECT_EQ(words(failed),
            "failures: 1 in a row, the next attempt in 1s; the last error was: boom");
}

}  // namespace
}  // namespace orch
