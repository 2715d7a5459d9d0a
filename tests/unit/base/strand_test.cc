#include "orchestrator/base/strand.h"

#include <memory>
#include <optional>
#include <vector>

#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace orch {
namespace {

TEST(StrandTest, RunsInOrderOneAtATime) {
  // Touched by the strand alone, so that a thread sanitizer sees it when two pieces run at once.
  std::vector<int> order;
  {
    ThreadPool pool(4);
    Strand strand(pool);
    for (int i = 0; i < 1000; ++i) strand.Run([&order, i] { order.push_back(i); });
  }
  ASSERT_EQ(order.size(), 1000u);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(order[static_cast<size_t>(i)], i);
}

TEST(StrandTest, ABlockedStrandHoldsUpNoOther) {
  ThreadPool pool(2);
  Strand blocked(pool);
  Strand free(pool);
  absl::Notification release;
  absl::Notification ran;
  blocked.Run([&] { release.WaitForNotification(); });
  blocked.Run([] {});
  free.Run([&] { ran.Notify(); });
  ran.WaitForNotification();
  release.Notify();
}

TEST(StrandTest, RunsWhatIsQueuedWhenItIsDestroyed) {
  bool ran = false;
  {
    ThreadPool pool(1);
    absl::Notification release;
    pool.Run([&] { release.WaitForNotification(); });
    {
      Strand strand(pool);
      strand.Run([&] { ran = true; });
    }
    release.Notify();
  }
  EXPECT_TRUE(ran);
}

TEST(StrandTest, WorkMayQueueMoreWork) {
  ThreadPool pool(1);
  Strand strand(pool);
  absl::Notification done;
  strand.Run([&] { strand.Run([&] { done.Notify(); }); });
  done.WaitForNotification();
}

}  // namespace
}  // namespace orch
