#include "orchestrator/agent/lifecycle/idle_wait.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/support/status_matchers.h"
#include "tests/unit/agent/fake_cpu_meter.h"

namespace orch::agent {
namespace {

using ::orch::testing::StatusIs;
using ::testing::HasSubstr;

absl::StatusOr<absl::Duration> Wait(std::vector<double> busy, absl::Duration timeout,
                                    const CancelToken& cancel = {}) {
  FakeCpuMeter meter(std::move(busy));
  IdleWait wait(meter, [&](absl::Duration duration) { meter.Sleep(duration); });
  return wait.Wait(timeout, cancel);
}

TEST(IdleWaitTest, TakesAnIdleGuestAtOnce) {
  ORCH_ASSERT_OK_AND_ASSIGN(const absl::Duration after, Wait({0.1}, absl::Seconds(1)));
  EXPECT_EQ(after, absl::ZeroDuration());
}

TEST(IdleWaitTest, WaitsForABusyGuest) {
  ORCH_ASSERT_OK_AND_ASSIGN(const absl::Duration after, Wait({2, 1, 0.16, 0}, absl::Seconds(9)));
  EXPECT_EQ(after, 3 * IdleWait::kWindow);
}

TEST(IdleWaitTest, CountsQuietWindowsInARowOnly) {
  ORCH_ASSERT_OK_AND_ASSIGN(const absl::Duration after,
                            Wait({0, 0, 0, 1, 0, 1, 0}, absl::Seconds(9)));
  EXPECT_EQ(after, 6 * IdleWait::kWindow);
}

TEST(IdleWaitTest, GivesUpAndSaysHowBusyItWas) {
  EXPECT_THAT(Wait({1.25}, absl::Seconds(9)),
              StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("1.25 processors")));
}

TEST(IdleWaitTest, CannotSucceedInLessThanItsWindows) {
  EXPECT_THAT(Wait({0}, IdleWait::kWindow * IdleWait::kQuietWindows - absl::Milliseconds(1)),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  ORCH_EXPECT_OK(Wait({0}, IdleWait::kWindow * IdleWait::kQuietWindows));
}

TEST(IdleWaitTest, StopsWhenItIsCancelled) {
  FakeCpuMeter meter({2});
  CancelToken cancel;
  IdleWait wait(meter, [&](absl::Duration duration) {
    meter.Sleep(duration);
    cancel.Cancel(absl::CancelledError("enough"));
  });
  EXPECT_THAT(wait.Wait(absl::Seconds(60), cancel), StatusIs(absl::StatusCode::kCancelled));
}

}  // namespace
}  // namespace orch::agent
