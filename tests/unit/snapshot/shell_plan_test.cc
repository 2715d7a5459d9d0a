#include "orchestrator/snapshot/shell_plan.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace orch {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

class ShellPlanTest : public ::testing::Test {
 protected:
  ShellDemand& Demand(const std::string& key) {
    demands_.push_back({.template_key = key});
    return demands_.back();
  }

  // A template that has a clone.
  ShellDemand& InUse(const std::string& key) {
    ShellDemand& demand = Demand(key);
    demand.live_clones = 1;
    return demand;
  }

  VmId AddShell(const std::string& key, absl::Duration age = absl::ZeroDuration()) {
    shells_.push_back({.id = VmId::Generate(), .template_key = key, .ready_at = kNow - age});
    return shells_.back().id;
  }

  ShellPlan Plan() const { return PlanShells(policy_, demands_, shells_, kNow); }

  ShellPolicy policy_{.spare_shells = 1, .max_concurrent_starts = 3};
  std::vector<ShellDemand> demands_;
  std::vector<SpareShell> shells_;
};

TEST_F(ShellPlanTest, DoesNothingWithoutTemplates) {
  const ShellPlan plan = Plan();
  EXPECT_THAT(plan.start, IsEmpty());
  EXPECT_THAT(plan.discard, IsEmpty());
  EXPECT_EQ(plan.look_again_at, absl::InfiniteFuture());
}

TEST_F(ShellPlanTest, KeepsASpareForATemplateInUse) {
  InUse("a");
  EXPECT_THAT(Plan().start, ElementsAre("a"));
  AddShell("a", absl::Hours(1));
  const ShellPlan plan = Plan();
  EXPECT_THAT(plan.start, IsEmpty());
  EXPECT_THAT(plan.discard, IsEmpty());
  EXPECT_EQ(plan.look_again_at, absl::InfiniteFuture());
}

TEST_F(ShellPlanTest, CountsWhatIsBeingStarted) {
  InUse("a").starting = 1;
  EXPECT_THAT(Plan().start, IsEmpty());
}

TEST_F(ShellPlanTest, StartsOneForEachTakerAndTheSpare) {
  Demand("a").waiting_takers = 2;
  EXPECT_THAT(Plan().start, ElementsAre("a", "a", "a"));
}

TEST_F(ShellPlanTest, KeepsAsManySparesAsItIsTold) {
  policy_.spare_shells = 2;
  InUse("a");
  EXPECT_THAT(Plan().start, ElementsAre("a", "a"));
}

TEST_F(ShellPlanTest, StartsOnlyForTakersWhenNoSparesAreWanted) {
  policy_.spare_shells = 0;
  InUse("a").waiting_takers = 1;
  InUse("b");
  EXPECT_THAT(Plan().start, ElementsAre("a"));
}

TEST_F(ShellPlanTest, StartsNoMoreAtOnceThanItMay) {
  InUse("a").waiting_takers = 9;
  EXPECT_THAT(Plan().start, ElementsAre("a", "a", "a"));
  demands_[0].starting = 2;
  EXPECT_THAT(Plan().start, ElementsAre("a"));
  demands_[0].starting = 4;
  EXPECT_THAT(Plan().start, IsEmpty());
}

TEST_F(ShellPlanTest, ServesTakersBeforeSpares) {
  policy_.max_concurrent_starts = 1;
  InUse("a");
  Demand("b").waiting_takers = 1;
  EXPECT_THAT(Plan().start, ElementsAre("b"));
}

TEST_F(ShellPlanTest, LetsTemplatesTakeTurns) {
  Demand("a").waiting_takers = 9;
  Demand("b").waiting_takers = 1;
  EXPECT_THAT(Plan().start, ElementsAre("a", "b", "a"));
}

TEST_F(ShellPlanTest, KeepsASpareForAWhileAfterTheLastUse) {
  Demand("a").last_used_at = kNow - absl::Seconds(59);
  EXPECT_THAT(Plan().start, ElementsAre("a"));
  AddShell("a");
  const ShellPlan plan = Plan();
  EXPECT_THAT(plan.start, IsEmpty());
  EXPECT_THAT(plan.discard, IsEmpty());
  EXPECT_EQ(plan.look_again_at, kNow + absl::Seconds(1));
}

TEST_F(ShellPlanTest, GivesTheSparesOfAnUnusedTemplateUp) {
  Demand("a").last_used_at = kNow - absl::Seconds(60);
  const VmId one = AddShell("a");
  const VmId two = AddShell("a", absl::Seconds(1));
  const ShellPlan plan = Plan();
  EXPECT_THAT(plan.start, IsEmpty());
  EXPECT_THAT(plan.discard, ElementsAre(two, one));
  EXPECT_EQ(plan.look_again_at, absl::InfiniteFuture());
}

TEST_F(ShellPlanTest, LooksAgainForAStartWhoseTemplateMayFallOutOfUse) {
  ShellDemand& demand = Demand("a");
  demand.last_used_at = kNow - absl::Seconds(50);
  demand.starting = 1;
  EXPECT_EQ(Plan().look_again_at, kNow + absl::Seconds(10));
}

TEST_F(ShellPlanTest, KeepsTheSparesOfATemplateWithClonesHoweverOldItsLastUse) {
  InUse("a").last_used_at = kNow - absl::Hours(10);
  AddShell("a", absl::Hours(10));
  EXPECT_THAT(Plan().discard, IsEmpty());
}

TEST_F(ShellPlanTest, StartsNothingForATemplateThatNobodyUsed) {
  Demand("a");
  EXPECT_THAT(Plan().start, IsEmpty());
}

TEST_F(ShellPlanTest, DiscardsShellsOfUnknownTemplates) {
  InUse("a");
  AddShell("a");
  const VmId orphan = AddShell("b");
  EXPECT_THAT(Plan().discard, ElementsAre(orphan));
}

TEST_F(ShellPlanTest, GivesUpWhatNobodyTookForLong) {
  InUse("a");
  const VmId oldest = AddShell("a", absl::Seconds(61));
  AddShell("a", absl::Seconds(20));
  AddShell("a", absl::Seconds(10));
  const ShellPlan plan = Plan();
  EXPECT_THAT(plan.discard, ElementsAre(oldest));
  EXPECT_EQ(plan.look_again_at, kNow + absl::Seconds(40));
}

TEST_F(ShellPlanTest, KeepsShellsThatTakersWaitFor) {
  InUse("a").waiting_takers = 1;
  AddShell("a", absl::Hours(1));
  AddShell("a", absl::Hours(1));
  EXPECT_THAT(Plan().discard, IsEmpty());
  EXPECT_THAT(Plan().start, IsEmpty());
}

TEST_F(ShellPlanTest, WaitsAfterAFailedStart) {
  ShellDemand& demand = InUse("a");
  demand.start_after = kNow + absl::Seconds(5);
  const ShellPlan plan = Plan();
  EXPECT_THAT(plan.start, IsEmpty());
  EXPECT_EQ(plan.look_again_at, kNow + absl::Seconds(5));
  demands_[0].start_after = kNow;
  EXPECT_THAT(Plan().start, ElementsAre("a"));
}

TEST_F(ShellPlanTest, DoesNotLookAgainForAFailedStartThatIsNotWantedAnyMore) {
  Demand("a").start_after = kNow + absl::Seconds(5);
  EXPECT_EQ(Plan().look_again_at, absl::InfiniteFuture());
}

// Whoever follows the plan comes to rest: no start and discard in turns.
TEST_F(ShellPlanTest, ComesToRest) {
  InUse("a").waiting_takers = 2;
  InUse("b");
  Demand("c").last_used_at = kNow - absl::Seconds(1);
  Demand("d");
  AddShell("d");
  for (int round = 0; round < 10; ++round) {
    const ShellPlan plan = Plan();
    std::erase_if(shells_, [&](const SpareShell& shell) {
      return std::find(plan.discard.begin(), plan.discard.end(), shell.id) != plan.discard.end();
    });
    for (const std::string& key : plan.start) AddShell(key);
  }
  const ShellPlan plan = Plan();
  EXPECT_THAT(plan.start, IsEmpty());
  EXPECT_THAT(plan.discard, IsEmpty());
  EXPECT_EQ(shells_.size(), 3u + 1u + 1u);
}

}  // namespace
}  // namespace orch
