#include "orchestrator/browser/recovery_plan.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace orch {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

Browser InState(BrowserState state) {
  Browser browser{.id = SessionId::Generate()};
  browser.state = state;
  return browser;
}

TEST(RecoveryPlanTest, AdoptsWhatStillRuns) {
  const Browser ready = InState(BrowserState::kReady);
  const Browser acquired = InState(BrowserState::kAcquired);
  const RecoveryPlan plan = PlanRecovery({.records = {ready, acquired},
                                          .running_vms = {ready.id, acquired.id},
                                          .directories = {ready.id, acquired.id}});
  EXPECT_THAT(plan.adopt, UnorderedElementsAre(ready.id, acquired.id));
  EXPECT_THAT(plan.fail, IsEmpty());
  EXPECT_THAT(plan.orphans, IsEmpty());
}

TEST(RecoveryPlanTest, FailsWhatEndedMeanwhile) {
  const Browser ready = InState(BrowserState::kReady);
  const RecoveryPlan plan =
      PlanRecovery({.records = {ready}, .running_vms = {}, .directories = {ready.id}});
  ASSERT_EQ(plan.fail.size(), 1u);
  EXPECT_EQ(plan.fail[0].id, ready.id);
  EXPECT_THAT(plan.adopt, IsEmpty());
}

TEST(RecoveryPlanTest, UndoesWhatWasHalfCreatedEvenWhenItRuns) {
  const Browser creating = InState(BrowserState::kCreating);
  const RecoveryPlan plan = PlanRecovery(
      {.records = {creating}, .running_vms = {creating.id}, .directories = {creating.id}});
  ASSERT_EQ(plan.fail.size(), 1u);
  EXPECT_EQ(plan.fail[0].id, creating.id);
  EXPECT_THAT(plan.adopt, IsEmpty());
}

TEST(RecoveryPlanTest, FinishesDeletions) {
  const Browser deleting = InState(BrowserState::kDeleting);
  const RecoveryPlan plan =
      PlanRecovery({.records = {deleting}, .running_vms = {deleting.id}, .directories = {}});
  EXPECT_THAT(plan.finish_deleting, ElementsAre(deleting.id));
}

TEST(RecoveryPlanTest, RemovesWhatNobodyOwnsOnce) {
  const SessionId both = SessionId::Generate();
  const SessionId vm = SessionId::Generate();
  const SessionId directory = SessionId::Generate();
  const RecoveryPlan plan =
      PlanRecovery({.records = {}, .running_vms = {both, vm}, .directories = {both, directory}});
  EXPECT_THAT(plan.orphans, UnorderedElementsAre(both, vm, directory));
}

}  // namespace
}  // namespace orch
