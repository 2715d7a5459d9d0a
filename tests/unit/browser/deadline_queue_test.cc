#include "orchestrator/browser/deadline_queue.h"

#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"

namespace orch {
namespace {

using ::orch::testing::FakeClock;
using ::testing::ElementsAre;

class DeadlineQueueTest : public ::testing::Test {
 protected:
  DeadlineQueueTest() { ORCH_EXPECT_OK(queue_.Start()); }

  void Advance(absl::Duration duration) {
    clock_.Advance(duration);
    queue_.WakeUp();
  }

  // Those that came due, in order; waits for `count` of them.
  std::vector<SessionId> Await(size_t count) {
    absl::MutexLock lock(&mutex_);
    const auto enough = [&]()
                            ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return due_.size() >= count; };
    EXPECT_TRUE(mutex_.AwaitWithTimeout(absl::Condition(&enough), absl::Seconds(30)));
    return due_;
  }

  const SessionId a_ = SessionId::Generate();
  const SessionId b_ = SessionId::Generate();
  // Comes due after all that a test sets: when it has come, so has all that was due before.
  const SessionId last_ = SessionId::Generate();
  FakeClock clock_{absl::FromUnixSeconds(1'000'000)};
  absl::Mutex mutex_;
  std::vector<SessionId> due_ ABSL_GUARDED_BY(mutex_);
  DeadlineQueue queue_{clock_, [this](const SessionId& id) {
                         absl::MutexLock lock(&mutex_);
                         due_.push_back(id);
                       }};
};

TEST_F(DeadlineQueueTest, CallsBackWhatIsDueAlready) {
  queue_.Set(a_, absl::ZeroDuration());
  EXPECT_THAT(Await(1), ElementsAre(a_));
}

TEST_F(DeadlineQueueTest, CallsBackInTheOrderOfDeadlines) {
  queue_.Set(b_, absl::Seconds(2));
  queue_.Set(a_, absl::Seconds(1));
  Advance(absl::Seconds(2));
  EXPECT_THAT(Await(2), ElementsAre(a_, b_));
}

TEST_F(DeadlineQueueTest, CallsBackNothingEarlyAndNothingTwice) {
  queue_.Set(a_, absl::Seconds(1));
  queue_.Set(b_, absl::Seconds(3));
  queue_.Set(last_, absl::Seconds(2));
  Advance(absl::Seconds(2));
  EXPECT_THAT(Await(2), ElementsAre(a_, last_));
}

TEST_F(DeadlineQueueTest, TheLastSetCounts) {
  queue_.Set(a_, absl::Seconds(1));
  queue_.Set(a_, absl::Seconds(5));
  queue_.Set(last_, absl::Seconds(2));
  Advance(absl::Seconds(2));
  EXPECT_THAT(Await(1), ElementsAre(last_));
  Advance(absl::Seconds(3));
  EXPECT_THAT(Await(2), ElementsAre(last_, a_));
}

TEST_F(DeadlineQueueTest, ForgetsWhatIsClearedOrSetToNever) {
  queue_.Set(a_, absl::Seconds(1));
  queue_.Set(b_, absl::Seconds(1));
  queue_.Set(last_, absl::Seconds(2));
  queue_.Clear(a_);
  queue_.Set(b_, absl::InfiniteDuration());
  Advance(absl::Seconds(2));
  EXPECT_THAT(Await(1), ElementsAre(last_));
}

TEST_F(DeadlineQueueTest, SleepsNoLongerThanUntilADeadlineThatIsSetLater) {
  queue_.Set(a_, absl::Hours(1));
  queue_.Set(b_, absl::Milliseconds(1));
  // Without a word to the queue: it is what wakes by itself.
  clock_.Advance(absl::Milliseconds(1));
  EXPECT_THAT(Await(1), ElementsAre(b_));
}

TEST_F(DeadlineQueueTest, TakesNoNoticeOfTheWallClock) {
  queue_.Set(a_, absl::Seconds(2));
  queue_.Set(last_, absl::Seconds(1));
  clock_.Step(absl::Hours(1));
  Advance(absl::Seconds(1));
  EXPECT_THAT(Await(1), ElementsAre(last_));
}

TEST(DeadlineQueueStartTest, CallsBackWhatWasSetBefore) {
  FakeClock clock(absl::FromUnixSeconds(1'000'000));
  absl::Notification called;
  DeadlineQueue queue(clock, [&](const SessionId&) { called.Notify(); });
  queue.Set(SessionId::Generate(), absl::ZeroDuration());
  EXPECT_FALSE(called.HasBeenNotified());
  ORCH_ASSERT_OK(queue.Start());
  EXPECT_TRUE(called.WaitForNotificationWithTimeout(absl::Seconds(30)));
}

TEST(DeadlineQueueStopTest, CallsBackNothingAfterStop) {
  FakeClock clock(absl::FromUnixSeconds(1'000'000));
  int calls = 0;
  DeadlineQueue queue(clock, [&](const SessionId&) { ++calls; });
  ORCH_ASSERT_OK(queue.Start());
  queue.Stop();
  queue.Stop();
  queue.Set(SessionId::Generate(), absl::ZeroDuration());
  EXPECT_EQ(calls, 0);
}

TEST(DeadlineQueueSetTest, MayBeSetInItsCallback) {
  FakeClock clock(absl::FromUnixSeconds(1'000'000));
  absl::Mutex mutex;
  int calls = 0;
  DeadlineQueue* self = nullptr;
  DeadlineQueue queue(clock, [&](const SessionId& id) {
    absl::MutexLock lock(&mutex);
    if (++calls < 3) self->Set(id, absl::ZeroDuration());
  });
  {
    absl::MutexLock lock(&mutex);
    self = &queue;
  }
  ORCH_ASSERT_OK(queue.Start());
  queue.Set(SessionId::Generate(), absl::ZeroDuration());
  absl::MutexLock lock(&mutex);
  const auto thrice = [&] { return calls == 3; };
  EXPECT_TRUE(mutex.AwaitWithTimeout(absl::Condition(&thrice), absl::Seconds(30)));
}

}  // namespace
}  // namespace orch
