#include "orchestrator/agent/process/usage_meter.h"

#include "gtest/gtest.h"

namespace orch::agent {
namespace {

constexpr absl::Duration kStart = absl::Seconds(100);

TEST(UsageMeterTest, FirstMeasuresSinceTheStart) {
  UsageMeter meter(kStart);
  const auto usage = meter.Measure({.cpu_time = absl::Seconds(3)}, kStart + absl::Seconds(2));
  EXPECT_DOUBLE_EQ(usage.cpu_percent(), 150);
  EXPECT_EQ(usage.cpu_time().seconds(), 3);
}

TEST(UsageMeterTest, ThenMeasuresSinceTheLastTime) {
  UsageMeter meter(kStart);
  meter.Measure({.cpu_time = absl::Seconds(3)}, kStart + absl::Seconds(2));
  EXPECT_DOUBLE_EQ(
      meter.Measure({.cpu_time = absl::Seconds(4)}, kStart + absl::Seconds(6)).cpu_percent(), 25);
}

TEST(UsageMeterTest, RepeatsItselfWhenAskedTooSoon) {
  UsageMeter meter(kStart);
  meter.Measure({.cpu_time = absl::Seconds(1)}, kStart + absl::Seconds(2));
  const auto soon = meter.Measure({.cpu_time = absl::Seconds(1) + absl::Milliseconds(100)},
                                  kStart + absl::Seconds(2) + absl::Milliseconds(100));
  EXPECT_DOUBLE_EQ(soon.cpu_percent(), 50);
  // What was used meanwhile counts the next time.
  EXPECT_DOUBLE_EQ(
      meter.Measure({.cpu_time = absl::Seconds(2)}, kStart + absl::Seconds(3)).cpu_percent(), 100);
}

TEST(UsageMeterTest, IsNeverNegative) {
  UsageMeter meter(kStart);
  meter.Measure({.cpu_time = absl::Seconds(3)}, kStart + absl::Seconds(2));
  EXPECT_DOUBLE_EQ(
      meter.Measure({.cpu_time = absl::Seconds(1)}, kStart + absl::Seconds(4)).cpu_percent(), 0);
}

}  // namespace
}  // namespace orch::agent
