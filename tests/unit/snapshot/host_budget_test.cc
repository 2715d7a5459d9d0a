#include "orchestrator/snapshot/host_budget.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/support/status_matchers.h"

namespace orch {
namespace {

using ::orch::testing::StatusIs;
using ::testing::HasSubstr;

TEST(HostBudgetTest, AdmitsUntilTheMemoryIsPromised) {
  HostBudget budget({.memory_mib = 1000});
  ORCH_EXPECT_OK(budget.Admit("a", 600));
  EXPECT_THAT(budget.Admit("b", 401), StatusIs(absl::StatusCode::kResourceExhausted,
                                               HasSubstr("600 of 1000 MiB")));
  ORCH_EXPECT_OK(budget.Admit("b", 400));
  EXPECT_EQ(budget.committed_mib(), 1000u);
}

TEST(HostBudgetTest, CountsBrowsersThatSleepButNotTheirMemory) {
  HostBudget budget({.memory_mib = 1000, .max_browsers = 2});
  ORCH_EXPECT_OK(budget.Admit("a", 1000));
  budget.Sleep("a");
  budget.Sleep("a");
  EXPECT_EQ(budget.committed_mib(), 0u);
  ORCH_EXPECT_OK(budget.Admit("b", 500));
  EXPECT_THAT(budget.Admit("c", 1),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("2 of 2 browsers")));
}

TEST(HostBudgetTest, WakesOnlyWhatFits) {
  HostBudget budget({.memory_mib = 1000});
  ORCH_EXPECT_OK(budget.Admit("a", 600));
  budget.Sleep("a");
  ORCH_EXPECT_OK(budget.Admit("b", 600));
  EXPECT_THAT(budget.Wake("a"), StatusIs(absl::StatusCode::kResourceExhausted));
  budget.Remove("b");
  ORCH_EXPECT_OK(budget.Wake("a"));
  ORCH_EXPECT_OK(budget.Wake("a"));
  EXPECT_EQ(budget.committed_mib(), 600u);
}

TEST(HostBudgetTest, TakesInWhatExistsAlready) {
  HostBudget budget({.memory_mib = 100});
  budget.Adopt("a", 600, /*awake=*/true);
  budget.Adopt("b", 600, /*awake=*/false);
  EXPECT_EQ(budget.committed_mib(), 600u);
  budget.Remove("a");
  budget.Remove("a");
  EXPECT_EQ(budget.committed_mib(), 0u);
}

TEST(HostBudgetTest, RefusesStandbyBeyondTheDiskBudget) {
  const HostBudget limited({.memory_mib = 1, .standby_bytes = 100});
  ORCH_EXPECT_OK(limited.CheckStandby(99));
  EXPECT_THAT(limited.CheckStandby(100),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("100 of 100 bytes")));
  ORCH_EXPECT_OK(HostBudget({.memory_mib = 1}).CheckStandby(uint64_t{1} << 60));
}

}  // namespace
}  // namespace orch
