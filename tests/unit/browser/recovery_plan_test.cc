#include "orchestrator/browser/recovery_plan.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace orch {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// In a machine of its own.
Browser InState(BrowserState state) {
  Browser browser{.id = SessionId::Generate()};
  browser.state = state;
  browser.vm = VmId::Generate();
  return browser;
}

TEST(RecoveryPlanTest, AdoptsWhatStillRuns) {
  const Browser ready = InState(BrowserState::kReady);
  const Browser acquired = InState(BrowserState::kAcquired);
  Browser paused = InState(BrowserState::kStandby);
  paused.standby_level = StandbyLevel::kPaused;
  const RecoveryPlan plan =
      PlanRecovery({.records = {ready, acquired, paused},
                    .running_vms = {*ready.vm, *acquired.vm, *paused.vm},
                    .directories = {*ready.vm, *acquired.vm, *paused.vm}});
  EXPECT_THAT(plan.adopt, UnorderedElementsAre(ready.id, acquired.id, paused.id));
  EXPECT_THAT(plan.fail, IsEmpty());
  EXPECT_THAT(plan.orphans, IsEmpty());
  EXPECT_THAT(plan.asleep, IsEmpty());
}

TEST(RecoveryPlanTest, KeepsTheStatesOfThoseThatSleepOnDisk) {
  Browser asleep = InState(BrowserState::kStandby);
  asleep.standby_level = StandbyLevel::kDisk;
  asleep.vm.reset();
  const RecoveryPlan plan =
      PlanRecovery({.records = {asleep}, .running_vms = {}, .directories = {}});
  EXPECT_THAT(plan.adopt, ElementsAre(asleep.id));
  EXPECT_THAT(plan.asleep, ElementsAre(asleep.id));
}

TEST(RecoveryPlanTest, RemovesTheMachineThatASleeperHasLeft) {
  Browser asleep = InState(BrowserState::kStandby);
  asleep.standby_level = StandbyLevel::kDisk;
  asleep.vm.reset();
  const VmId left = VmId::Generate();
  const RecoveryPlan plan =
      PlanRecovery({.records = {asleep}, .running_vms = {left}, .directories = {left}});
  EXPECT_THAT(plan.orphans, ElementsAre(left));
}

TEST(RecoveryPlanTest, FailsWhatEndedMeanwhile) {
  const Browser ready = InState(BrowserState::kReady);
  const RecoveryPlan plan =
      PlanRecovery({.records = {ready}, .running_vms = {}, .directories = {*ready.vm}});
  ASSERT_EQ(plan.fail.size(), 1u);
  EXPECT_EQ(plan.fail[0].id, ready.id);
  EXPECT_THAT(plan.adopt, IsEmpty());
  EXPECT_THAT(plan.orphans, ElementsAre(*ready.vm));
}

TEST(RecoveryPlanTest, UndoesWhatWasHalfCreatedEvenWhenItRuns) {
  const Browser creating = InState(BrowserState::kCreating);
  const RecoveryPlan plan = PlanRecovery(
      {.records = {creating}, .running_vms = {*creating.vm}, .directories = {*creating.vm}});
  ASSERT_EQ(plan.fail.size(), 1u);
  EXPECT_EQ(plan.fail[0].id, creating.id);
  EXPECT_THAT(plan.adopt, IsEmpty());
  EXPECT_THAT(plan.orphans, ElementsAre(*creating.vm));
}

TEST(RecoveryPlanTest, FinishesDeletions) {
  const Browser deleting = InState(BrowserState::kDeleting);
  const RecoveryPlan plan =
      PlanRecovery({.records = {deleting}, .running_vms = {*deleting.vm}, .directories = {}});
  EXPECT_THAT(plan.finish_deleting, ElementsAre(deleting.id));
  EXPECT_THAT(plan.orphans, ElementsAre(*deleting.vm));
}

TEST(RecoveryPlanTest, RemovesWhatNobodyOwnsOnce) {
  const VmId both = VmId::Generate();
  const VmId vm = VmId::Generate();
  const VmId directory = VmId::Generate();
  const RecoveryPlan plan =
      PlanRecovery({.records = {}, .running_vms = {both, vm}, .directories = {both, directory}});
  EXPECT_THAT(plan.orphans, UnorderedElementsAre(both, vm, directory));
}

}  // namespace
}  // namespace orch
