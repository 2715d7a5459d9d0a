#include "orchestrator/browser/idle_policy.h"

#include "gtest/gtest.h"

namespace orch {
namespace {

// A browser of no pool that runs and was active until now.
IdleFacts Running() {
  return {.state = BrowserState::kReady,
          .level = StandbyLevel::kNone,
          .in_pool = false,
          .active = false,
          .idle_for = absl::ZeroDuration(),
          .paused_for = absl::ZeroDuration(),
          .timeout = absl::Seconds(60),
          .standby_after = absl::Seconds(5),
          .deepen_after = absl::Seconds(30)};
}

IdleFacts Asleep(StandbyLevel level) {
  IdleFacts facts = Running();
  facts.state = BrowserState::kStandby;
  facts.level = level;
  return facts;
}

TEST(IdlePolicyTest, PausesAfterStandbyAfter) {
  IdleFacts facts = Running();
  facts.idle_for = absl::Seconds(2);
  EXPECT_EQ(NextIdleStep(facts).action, IdleAction::kPause);
  EXPECT_EQ(NextIdleStep(facts).in, absl::Seconds(3));
}

TEST(IdlePolicyTest, DeletesAtTheTimeoutRatherThanPausing) {
  IdleFacts facts = Running();
  facts.idle_for = absl::Seconds(60);
  EXPECT_EQ(NextIdleStep(facts).action, IdleAction::kDelete);
  facts.idle_for = absl::ZeroDuration();
  facts.standby_after = facts.timeout;
  EXPECT_EQ(NextIdleStep(facts).action, IdleAction::kDelete);
}

TEST(IdlePolicyTest, NeverPausesWhatShallNotSleep) {
  IdleFacts facts = Running();
  facts.standby_after = absl::InfiniteDuration();
  facts.idle_for = absl::Seconds(30);
  EXPECT_EQ(NextIdleStep(facts).action, IdleAction::kDelete);
  EXPECT_EQ(NextIdleStep(facts).in, absl::Seconds(30));
}

TEST(IdlePolicyTest, DeepensASleepThatLasts) {
  IdleFacts facts = Asleep(StandbyLevel::kPaused);
  facts.idle_for = absl::Seconds(15);
  facts.paused_for = absl::Seconds(10);
  EXPECT_EQ(NextIdleStep(facts).action, IdleAction::kDeepen);
  EXPECT_EQ(NextIdleStep(facts).in, absl::Seconds(20));
  facts.deepen_after = absl::InfiniteDuration();
  EXPECT_EQ(NextIdleStep(facts).action, IdleAction::kDelete);
}

TEST(IdlePolicyTest, OnlyDeletesWhatSleepsOnDisk) {
  IdleFacts facts = Asleep(StandbyLevel::kDisk);
  facts.idle_for = absl::Seconds(50);
  EXPECT_EQ(NextIdleStep(facts).action, IdleAction::kDelete);
  EXPECT_EQ(NextIdleStep(facts).in, absl::Seconds(10));
}

TEST(IdlePolicyTest, LeavesAloneWhatIsActiveOrWaitsInAPoolOrIsNotThere) {
  IdleFacts active = Running();
  active.active = true;
  active.idle_for = absl::Hours(1);
  EXPECT_EQ(NextIdleStep(active).action, IdleAction::kNone);
  IdleFacts pooled = Running();
  pooled.in_pool = true;
  pooled.idle_for = absl::Hours(1);
  EXPECT_EQ(NextIdleStep(pooled).action, IdleAction::kNone);
  for (BrowserState state : {BrowserState::kCreating, BrowserState::kDeleting,
                             BrowserState::kDeleted, BrowserState::kFailed}) {
    IdleFacts facts = Running();
    facts.state = state;
    facts.idle_for = absl::Hours(1);
    EXPECT_EQ(NextIdleStep(facts).action, IdleAction::kNone) << ToString(state);
    EXPECT_EQ(NextIdleStep(facts).in, absl::InfiniteDuration()) << ToString(state);
  }
}

}  // namespace
}  // namespace orch
