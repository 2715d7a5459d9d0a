#include "orchestrator/base/wake_timer.h"

#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "gtest/gtest.h"

#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"

namespace orch {
namespace {

using ::orch::testing::FakeClock;

class WakeTimerTest : public ::testing::Test {
 protected:
  std::unique_ptr<WakeTimer> MakeTimer(const Clock& clock) {
    return WakeTimer::Create(clock,
                             [this, &clock] {
                               absl::MutexLock lock(&mutex_);
                               ++wakes_;
                               woke_at_ = clock.Uptime();
                             })
        .value();
  }

  bool AwaitWakes(int count) {
    absl::MutexLock lock(&mutex_);
    const auto enough = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return wakes_ >= count; };
    return mutex_.AwaitWithTimeout(absl::Condition(&enough), absl::Seconds(30));
  }
  int wakes() const {
    absl::MutexLock lock(&mutex_);
    return wakes_;
  }
  absl::Duration woke_at() const {
    absl::MutexLock lock(&mutex_);
    return woke_at_;
  }

  mutable absl::Mutex mutex_;
  int wakes_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Duration woke_at_ ABSL_GUARDED_BY(mutex_);
};

TEST_F(WakeTimerTest, WakesAtTheMoment) {
  const SystemClock clock;
  const absl::Duration at = clock.Uptime() + absl::Milliseconds(20);
  const auto timer = MakeTimer(clock);
  timer->Set(at);
  ASSERT_TRUE(AwaitWakes(1));
  EXPECT_GE(woke_at(), at);
}

TEST_F(WakeTimerTest, WakesAtOnceForWhatIsPast) {
  const SystemClock clock;
  const auto timer = MakeTimer(clock);
  timer->Set(clock.Uptime() - absl::Hours(1));
  EXPECT_TRUE(AwaitWakes(1));
}

TEST_F(WakeTimerTest, AnEarlierMomentTakesTheOthersPlace) {
  const SystemClock clock;
  const auto timer = MakeTimer(clock);
  timer->Set(clock.Uptime() + absl::Hours(1));
  timer->Set(clock.Uptime() + absl::Milliseconds(5));
  EXPECT_TRUE(AwaitWakes(1));
}

TEST_F(WakeTimerTest, SleepsForEverWhenThereIsNothingToWakeFor) {
  FakeClock clock(absl::FromUnixSeconds(1'000'000));
  auto timer = MakeTimer(clock);
  timer->Set(absl::Hours(1));
  timer->Set(absl::InfiniteDuration());
  clock.Advance(absl::Hours(2));
  timer.reset();
  EXPECT_EQ(wakes(), 0);
}

TEST_F(WakeTimerTest, WakesByUptimeHoweverTheWallClockIsSet) {
  FakeClock clock(absl::FromUnixSeconds(1'000'000));
  auto timer = MakeTimer(clock);
  clock.Step(-absl::Hours(24 * 365));
  timer->Set(clock.Uptime());
  EXPECT_TRUE(AwaitWakes(1));
  clock.Step(absl::Hours(24 * 365 * 2));
  timer->Set(clock.Uptime() + absl::Hours(1));
  timer.reset();
  EXPECT_EQ(wakes(), 1);
}

TEST_F(WakeTimerTest, WakesNobodyOnceItIsStopped) {
  FakeClock clock(absl::FromUnixSeconds(1'000'000));
  auto timer = MakeTimer(clock);
  timer->Stop();
  timer->Set(clock.Uptime());
  timer.reset();
  EXPECT_EQ(wakes(), 0);
}

TEST_F(WakeTimerTest, WakesAgainWhenItIsSetAgain) {
  FakeClock clock(absl::FromUnixSeconds(1'000'000));
  const auto timer = MakeTimer(clock);
  timer->Set(clock.Uptime());
  ASSERT_TRUE(AwaitWakes(1));
  timer->Set(clock.Uptime());
  EXPECT_TRUE(AwaitWakes(2));
}

}  // namespace
}  // namespace orch
