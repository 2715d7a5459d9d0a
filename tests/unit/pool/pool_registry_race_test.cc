// Many threads at once on one registry: nobody gets what another one holds, nothing gets lost.
#include <atomic>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"

#include "orchestrator/base/thread_pool.h"
#include "orchestrator/pool/pool_registry.h"
#include "orchestrator/store/fake/fake_state_store.h"
#include "tests/support/fake_pooled_browsers.h"
#include "tests/support/status_matchers.h"

namespace orch {
namespace {

using orch::testing::FakePooledBrowsers;

// Answers on threads of its own, as the real one does.
class ThreadedBrowsers : public PooledBrowsers {
 public:
  ThreadedBrowsers(StateStore& store, const Clock& clock) : inner_(store, clock), pool_(3) {}
  absl::StatusOr<SessionId> CreatePooled(const Pool& pool, Done done) override {
    pool_.Run([this, pool, done = std::move(done)]() mutable {
      static_cast<void>(inner_.CreatePooled(pool, std::move(done)));
    });
    return SessionId::Generate();
  }
  void Acquire(const SessionId& id, Done done) override {
    pool_.Run(
        [this, id, done = std::move(done)]() mutable { inner_.Acquire(id, std::move(done)); });
  }
  void Release(const SessionId& id, Done done) override {
    pool_.Run(
        [this, id, done = std::move(done)]() mutable { inner_.Release(id, std::move(done)); });
  }
  void DeleteBrowser(const SessionId& id, Done done) override {
    pool_.Run([this, id, done = std::move(done)]() mutable {
      inner_.DeleteBrowser(id, std::move(done));
    });
  }
  BrowserRecords& records() override { return inner_.records(); }

 private:
  FakePooledBrowsers inner_;
  ThreadPool pool_;
};

TEST(PoolRegistryRaceTest, NeverGivesOneBrowserToTwoCallers) {
  FakeStateStore store;
  const SystemClock clock;
  ThreadedBrowsers browsers(store, clock);
  PoolObserver observer;
  auto registry = PoolRegistry::Create(
      {.browsers = browsers,
       .store = store,
       .resolve = [](const BrowserSpec& spec) -> absl::StatusOr<BrowserSpec> { return spec; },
       .observer = observer,
       .clock = clock},
      {.max_concurrent_creations = 4});
  ORCH_ASSERT_OK(registry);
  const std::vector<std::string> names = {"a", "b"};
  for (const std::string& name : names) {
    absl::Notification created;
    (*registry)->CreatePool(
        {.name = name, .size = 5, .fill_rate_per_minute = PoolSpec::kMaxFillRatePerMinute},
        [&](const absl::StatusOr<PoolStatus>&) { created.Notify(); });
    created.WaitForNotification();
  }
  absl::Mutex mutex;
  std::set<std::string> held;
  std::atomic<int> answers = 0;
  constexpr int kThreads = 6;
  constexpr int kRounds = 150;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937 random(t);
      for (int i = 0; i < kRounds; ++i) {
        const std::string& name = names[random() % 2];
        absl::Notification ended;
        absl::StatusOr<Browser> got = absl::UnknownError("");
        const auto ticket =
            (*registry)->Acquire(name, absl::Seconds(60), [&](absl::StatusOr<Browser> browser) {
              got = std::move(browser);
              ++answers;
              ended.Notify();
            });
        if (random() % 8 == 0) (*registry)->CancelAcquire(ticket);
        ended.WaitForNotification();
        if (!got.ok()) {
          EXPECT_TRUE(absl::IsCancelled(got.status())) << got.status();
          continue;
        }
        {
          absl::MutexLock lock(&mutex);
          EXPECT_TRUE(held.insert(got->id.value()).second) << "two callers hold one browser";
        }
        std::this_thread::yield();
        {
          absl::MutexLock lock(&mutex);
          held.erase(got->id.value());
        }
        if (random() % 16 == 0) {
          browsers.DeleteBrowser(got->id, [](const absl::StatusOr<Browser>&) {});
          continue;
        }
        absl::Notification released;
        (*registry)->Release(name, got->id, static_cast<Reuse>(random() % 3),
                             [&](const absl::Status& status) {
                               ORCH_EXPECT_OK(status);
                               released.Notify();
                             });
        released.WaitForNotification();
        if (random() % 32 == 0) (*registry)->FlushPool(name, [](const auto&) {});
        static_cast<void>((*registry)->GetPool(name));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(answers, kThreads * kRounds);
  // Everything is where it belongs: both pools become full again.
  for (const std::string& name : names) {
    absl::Notification full;
    std::atomic<bool> once = false;
    const auto watch = (*registry)->Watch(name, [&](const std::optional<PoolStatus>& status) {
      if (status->available == 5 && !once.exchange(true)) full.Notify();
    });
    full.WaitForNotification();
  }
}

}  // namespace
}  // namespace orch
