#include "orchestrator/browser/recovery_plan.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace orch {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

Browser InState(BrowserState state) {
  Browser browser{.id = SessionId::Generate()};
  browser.state = state;
  return browser;
}

Browser InMachine(BrowserState state) {
  Browser browser = InState(state);
  browser.vm = VmId::Generate();
  if (state == BrowserState::kStandby) browser.standby_level = StandbyLevel::kPaused;
  return browser;
}

Browser OnDisk() {
  Browser browser = InState(BrowserState::kStandby);
  browser.standby_level = StandbyLevel::kDisk;
  return browser;
}

TEST(RecoveryPlanTest, AdoptsWhatStillRuns) {
  const Browser ready = InMachine(BrowserState::kReady);
  const Browser acquired = InMachine(BrowserState::kAcquired);
  const Browser paused = InMachine(BrowserState::kStandby);
  const RecoveryPlan plan = PlanRecovery({.records = {ready, acquired, paused},
                                          .running_vms = {*ready.vm, *acquired.vm, *paused.vm},
                                          .directories = {*ready.vm, *acquired.vm, *paused.vm}});
  EXPECT_THAT(plan.adopt, UnorderedElementsAre(ready.id, acquired.id, paused.id));
  EXPECT_THAT(plan.fail, IsEmpty());
  EXPECT_THAT(plan.orphans, IsEmpty());
  EXPECT_THAT(plan.asleep, IsEmpty());
}

TEST(RecoveryPlanTest, LetsSleepWhatSleepsOnDisk) {
  const Browser browser = OnDisk();
  const RecoveryPlan plan =
      PlanRecovery({.records = {browser}, .running_vms = {}, .directories = {}});
  EXPECT_THAT(plan.adopt, ElementsAre(browser.id));
  EXPECT_THAT(plan.asleep, ElementsAre(browser.id));
  EXPECT_THAT(plan.fail, IsEmpty());
}

TEST(RecoveryPlanTest, RemovesTheMachineThatABrowserSleptFrom) {
  const VmId left = VmId::Generate();
  const RecoveryPlan plan =
      PlanRecovery({.records = {OnDisk()}, .running_vms = {left}, .directories = {left}});
  EXPECT_THAT(plan.orphans, ElementsAre(left));
}

TEST(RecoveryPlanTest, FailsWhatEndedMeanwhileAndRemovesItsDirectory) {
  for (const BrowserState state :
       {BrowserState::kReady, BrowserState::kAcquired, BrowserState::kStandby}) {
    const Browser browser = InMachine(state);
    const RecoveryPlan plan =
        PlanRecovery({.records = {browser}, .running_vms = {}, .directories = {*browser.vm}});
    ASSERT_EQ(plan.fail.size(), 1u);
    EXPECT_EQ(plan.fail[0].id, browser.id);
    EXPECT_THAT(plan.fail[0].reason, HasSubstr("virtual machine ended"));
    EXPECT_THAT(plan.adopt, IsEmpty());
    EXPECT_THAT(plan.orphans, ElementsAre(*browser.vm));
  }
}

TEST(RecoveryPlanTest, FailsWhatHasNoMachineThoughItShould) {
  const Browser browser = InState(BrowserState::kReady);
  const RecoveryPlan plan =
      PlanRecovery({.records = {browser}, .running_vms = {}, .directories = {}});
  ASSERT_EQ(plan.fail.size(), 1u);
  EXPECT_EQ(plan.fail[0].id, browser.id);
}

TEST(RecoveryPlanTest, UndoesWhatWasHalfCreatedEvenWhenItRuns) {
  const Browser creating = InMachine(BrowserState::kCreating);
  const RecoveryPlan plan = PlanRecovery(
      {.records = {creating}, .running_vms = {*creating.vm}, .directories = {*creating.vm}});
  ASSERT_EQ(plan.fail.size(), 1u);
  EXPECT_EQ(plan.fail[0].id, creating.id);
  EXPECT_THAT(plan.adopt, IsEmpty());
  EXPECT_THAT(plan.orphans, ElementsAre(*creating.vm));
}

TEST(RecoveryPlanTest, FinishesDeletions) {
  const Browser deleting = InMachine(BrowserState::kDeleting);
  const RecoveryPlan plan =
      PlanRecovery({.records = {deleting}, .running_vms = {*deleting.vm}, .directories = {}});
  EXPECT_THAT(plan.finish_deleting, ElementsAre(deleting.id));
  EXPECT_THAT(plan.orphans, ElementsAre(*deleting.vm));
  EXPECT_THAT(plan.adopt, IsEmpty());
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
