#include "orchestrator/base/thread_pool.h"

#include <atomic>
#include <memory>
#include <vector>

#include "absl/synchronization/barrier.h"
#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"

namespace orch {
namespace {

TEST(ThreadPoolTest, RunsInOrderOnOneThread) {
  std::vector<int> order;
  {
    ThreadPool pool(1);
    for (int i = 0; i < 100; ++i) pool.Run([&order, i] { order.push_back(i); });
  }
  ASSERT_EQ(order.size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(order[static_cast<size_t>(i)], i);
}

TEST(ThreadPoolTest, RunsAsManyAtOnceAsItHasThreads) {
  ThreadPool pool(4);
  // Each waits for the three others.
  auto* barrier = new absl::Barrier(4);
  absl::Notification done;
  for (int i = 0; i < 4; ++i) {
    pool.Run([&, barrier] {
      if (!barrier->Block()) return;
      delete barrier;
      done.Notify();
    });
  }
  done.WaitForNotification();
}

TEST(ThreadPoolTest, FinishesQueuedWorkBeforeItEnds) {
  std::atomic<int> ran = 0;
  {
    ThreadPool pool(2);
    // Also work that work queues while the pool is ending.
    for (int i = 0; i < 50; ++i) pool.Run([&] { pool.Run([&] { ++ran; }); });
  }
  EXPECT_EQ(ran, 50);
}

TEST(ThreadPoolTest, TakesMoveOnlyWork) {
  int seen = 0;
  {
    ThreadPool pool(1);
    pool.Run([&seen, value = std::make_unique<int>(7)] { seen = *value; });
  }
  EXPECT_EQ(seen, 7);
}

}  // namespace
}  // namespace orch
