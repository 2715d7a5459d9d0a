#include "orchestrator/snapshot/host_budget.h"

#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/support/status_matchers.h"

namespace orch {
namespace {

using ::orch::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(HostBudgetTest, AdmitsUpToItsMemory) {
  HostBudget budget({.memory_mib = 1000});
  ORCH_EXPECT_OK(budget.Admit("a", 600));
  EXPECT_THAT(budget.Admit("b", 401),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       AllOf(HasSubstr("600 of 1000 MiB"), HasSubstr("401"))));
  ORCH_EXPECT_OK(budget.Admit("b", 400));
  EXPECT_EQ(budget.committed_mib(), 1000u);
}

TEST(HostBudgetTest, WhatWasRefusedTakesNothing) {
  HostBudget budget({.memory_mib = 100});
  EXPECT_FALSE(budget.Admit("a", 200).ok());
  budget.Remove("a");
  EXPECT_EQ(budget.committed_mib(), 0u);
}

TEST(HostBudgetTest, CountsSleepingBrowsersButNotTheirMemory) {
  HostBudget budget({.memory_mib = 1000, .max_browsers = 2});
  ORCH_EXPECT_OK(budget.Admit("a", 600));
  budget.Sleep("a");
  EXPECT_EQ(budget.committed_mib(), 0u);
  ORCH_EXPECT_OK(budget.Admit("b", 600));
  EXPECT_THAT(budget.Admit("c", 1),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("max_browsers")));
}

TEST(HostBudgetTest, WakesOnlyWhereThereIsRoom) {
  HostBudget budget({.memory_mib = 1000});
  ORCH_EXPECT_OK(budget.Admit("a", 600));
  budget.Sleep("a");
  ORCH_EXPECT_OK(budget.Admit("b", 600));
  EXPECT_THAT(budget.Wake("a"), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(budget.committed_mib(), 600u);
  budget.Remove("b");
  ORCH_EXPECT_OK(budget.Wake("a"));
  EXPECT_EQ(budget.committed_mib(), 600u);
}

TEST(HostBudgetTest, SleepWakeAndRemoveAreIdempotent) {
  HostBudget budget({.memory_mib = 1000});
  ORCH_EXPECT_OK(budget.Admit("a", 600));
  budget.Sleep("a");
  budget.Sleep("a");
  EXPECT_EQ(budget.committed_mib(), 0u);
  ORCH_EXPECT_OK(budget.Wake("a"));
  ORCH_EXPECT_OK(budget.Wake("a"));
  EXPECT_EQ(budget.committed_mib(), 600u);
  budget.Remove("a");
  budget.Remove("a");
  EXPECT_EQ(budget.committed_mib(), 0u);
}

TEST(HostBudgetTest, KnowsNothingOfStrangers) {
  HostBudget budget({.memory_mib = 1});
  ORCH_EXPECT_OK(budget.Wake("nobody"));
  budget.Sleep("nobody");
  EXPECT_EQ(budget.committed_mib(), 0u);
}

TEST(HostBudgetTest, AdoptsWhateverTheLimits) {
  HostBudget budget({.memory_mib = 100, .max_browsers = 1});
  budget.Adopt("a", 200, /*awake=*/true);
  budget.Adopt("b", 200, /*awake=*/false);
  EXPECT_EQ(budget.committed_mib(), 200u);
  EXPECT_THAT(budget.Wake("b"), StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST(HostBudgetTest, ReservesForWhatIsNoBrowser) {
  HostBudget budget({.memory_mib = 1000, .max_browsers = 1});
  {
    ORCH_ASSERT_OK_AND_ASSIGN(HostBudget::Reservation first, budget.Reserve(600));
    const HostBudget::Reservation moved = std::move(first);
    EXPECT_EQ(budget.committed_mib(), 600u);
    EXPECT_THAT(budget.Reserve(401),
                StatusIs(absl::StatusCode::kResourceExhausted,
                         AllOf(HasSubstr("600 of 1000 MiB"), HasSubstr("401"))));
    ORCH_EXPECT_OK(budget.Admit("a", 400));
  }
  EXPECT_EQ(budget.committed_mib(), 400u);
}

TEST(HostBudgetTest, LimitsStatesOnDisk) {
  HostBudget budget({.standby_bytes = 100});
  ORCH_EXPECT_OK(budget.CheckStandby(99));
  EXPECT_THAT(budget.CheckStandby(100),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("100 of 100 bytes")));
  ORCH_EXPECT_OK(HostBudget({}).CheckStandby(uint64_t{1} << 60));
}

TEST(HostBudgetTest, TellsLackOfMemoryFromOtherLimits) {
  HostBudget budget({.memory_mib = 1000, .max_browsers = 2, .standby_bytes = 1});
  ORCH_EXPECT_OK(budget.Admit("a", 600));
  EXPECT_TRUE(HostBudget::IsLackOfMemory(budget.Admit("b", 600)));
  EXPECT_TRUE(HostBudget::IsLackOfMemory(budget.CheckRoom(401)));
  ORCH_EXPECT_OK(budget.CheckRoom(400));
  ORCH_EXPECT_OK(budget.Admit("b", 400));
  EXPECT_FALSE(HostBudget::IsLackOfMemory(budget.Admit("c", 1)));
  EXPECT_FALSE(HostBudget::IsLackOfMemory(budget.CheckStandby(2)));
  EXPECT_FALSE(HostBudget::IsLackOfMemory(absl::OkStatus()));
}

TEST(HostBudgetTest, TellsHowMuchIsMissing) {
  HostBudget budget({.memory_mib = 1000});
  ORCH_EXPECT_OK(budget.Admit("a", 600));
  EXPECT_EQ(budget.MissingMib(400), 0u);
  EXPECT_EQ(budget.MissingMib(401), 1u);
  EXPECT_EQ(budget.MissingMib(1000), 600u);
}

TEST(HostBudgetTest, GivesNobodyWhatIsKeptFree) {
  HostBudget budget({.memory_mib = 1000});
  ORCH_EXPECT_OK(budget.Admit("a", 300));
  budget.Sleep("a");
  budget.KeepFree(800);
  EXPECT_TRUE(HostBudget::IsLackOfMemory(budget.Wake("a")));
  EXPECT_TRUE(HostBudget::IsLackOfMemory(budget.Admit("b", 201)));
  EXPECT_EQ(budget.MissingMib(1000), 0u);
  budget.KeepFree(0);
  ORCH_EXPECT_OK(budget.Wake("a"));
}

}  // namespace
}  // namespace orch
