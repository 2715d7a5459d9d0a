#include "orchestrator/browser/deadline_queue.h"

#include <vector>

#include "absl/synchronization/mutex.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/support/fake_clock.h"

namespace orch {
namespace {

using ::testing::ElementsAre;

constexpr absl::Duration kSoon = absl::Seconds(20);

class DeadlineQueueTest : public ::testing::Test {
 protected:
  // Whose deadlines came, in order, once there are `count` of them or it takes too long.
  std::vector<SessionId> AwaitDue(size_t count) {
    absl::MutexLock lock(&mutex_);
    const auto enough = [this, count]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
      return due_.size() >= count;
    };
    mutex_.AwaitWithTimeout(absl::Condition(&enough), kSoon);
    return due_;
  }

  testing::FakeClock clock_{absl::UnixEpoch()};
  absl::Mutex mutex_;
  std::vector<SessionId> due_ ABSL_GUARDED_BY(mutex_);
  const SessionId first_ = SessionId::Generate();
  const SessionId second_ = SessionId::Generate();
  DeadlineQueue queue_{clock_, [this](const SessionId& id) {
                         absl::MutexLock lock(&mutex_);
                         due_.push_back(id);
                       }};
};

TEST_F(DeadlineQueueTest, CallsBackInTheOrderOfTime) {
  queue_.Set(second_, absl::Seconds(2));
  queue_.Set(first_, absl::Seconds(1));
  clock_.Advance(absl::Seconds(3));
  EXPECT_THAT(AwaitDue(2), ElementsAre(first_, second_));
}

TEST_F(DeadlineQueueTest, TheLastSetCounts) {
  queue_.Set(first_, absl::Seconds(1));
  queue_.Set(first_, absl::Hours(1));
  queue_.Set(second_, absl::Seconds(2));
  clock_.Advance(absl::Seconds(3));
  EXPECT_THAT(AwaitDue(1), ElementsAre(second_));
}

TEST_F(DeadlineQueueTest, ClearedAndInfiniteOnesDoNotCome) {
  queue_.Set(first_, absl::Seconds(1));
  queue_.Clear(first_);
  queue_.Set(first_, absl::InfiniteDuration());
  queue_.Set(second_, absl::Seconds(2));
  clock_.Advance(absl::Hours(1));
  EXPECT_THAT(AwaitDue(1), ElementsAre(second_));
}

TEST_F(DeadlineQueueTest, AStepOfTheWallClockChangesNothing) {
  queue_.Set(first_, absl::Seconds(1));
  clock_.Step(absl::Hours(24));
  queue_.Set(second_, absl::ZeroDuration());
  EXPECT_THAT(AwaitDue(1), ElementsAre(second_));
}

}  // namespace
}  // namespace orch
