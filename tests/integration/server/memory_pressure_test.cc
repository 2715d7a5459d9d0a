// What a full host does for a browser that somebody wants: two of 512 MiB fit, of those below.
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/v1/pools.grpc.pb.h"
#include "tests/integration/server/fake_daemon.h"

namespace orch::testing {
namespace {

namespace v1 = orchestrator::v1;
using ::testing::AllOf;
using ::testing::HasSubstr;

class MemoryPressureTest : public ::testing::Test {
 protected:
  v1::Browser Create() {
    v1::Browser browser;
    EXPECT_EQ(TryCreate(browser).error_message(), "");
    return browser;
  }
  grpc::Status TryCreate(v1::Browser& browser) {
    v1::CreateBrowserRequest request;
    request.mutable_spec()->set_standby_disabled(true);
    return daemon_.Create(browser, request);
  }
  v1::Browser CreatePaused() {
    v1::Browser browser = Create();
    grpc::ClientContext context;
    v1::StandbyBrowserRequest request;
    request.set_session_id(browser.session_id());
    EXPECT_EQ(daemon_.browsers().StandbyBrowser(&context, request, &browser).error_message(), "");
    return browser;
  }
  grpc::Status Resume(const v1::Browser& browser) {
    grpc::ClientContext context;
    v1::ResumeBrowserRequest request;
    request.set_session_id(browser.session_id());
    v1::Browser response;
    return daemon_.browsers().ResumeBrowser(&context, request, &response);
  }
  v1::StandbyLevel LevelOf(const v1::Browser& browser) {
    v1::Browser now;
    EXPECT_TRUE(daemon_.Get(browser.session_id(), now).ok());
    return now.standby_level();
  }
  v1::Pool CreatePool(uint32_t size) {
    grpc::ClientContext context;
    v1::CreatePoolRequest request;
    request.mutable_spec()->set_name("p");
    request.mutable_spec()->set_size(size);
    request.mutable_spec()->set_fill_rate_per_minute(1'000'000);
    v1::Pool pool;
    EXPECT_EQ(pools_->CreatePool(&context, request, &pool).error_message(), "");
    return pool;
  }
  v1::Pool GetPool() {
    grpc::ClientContext context;
    v1::GetPoolRequest request;
    request.set_pool("p");
    v1::Pool pool;
    EXPECT_TRUE(pools_->GetPool(&context, request, &pool).ok());
    return pool;
  }
  void AwaitAvailable(uint32_t count) {
    while (GetPool().available_count() != count) std::this_thread::yield();
  }
  grpc::Status Acquire(v1::Browser& browser) {
    grpc::ClientContext context;
    v1::AcquireBrowserRequest request;
    request.set_pool("p");
    // Longer than the test may take: else it is the time that the pool takes to fill.
    request.mutable_acquire_timeout()->set_seconds(300);
    return pools_->AcquireBrowser(&context, request, &browser);
  }

  FakeDaemon daemon_{absl::Seconds(20), /*memory_budget_mib=*/1100};
  std::unique_ptr<v1::PoolService::Stub> pools_ = v1::PoolService::NewStub(daemon_.channel());
};

TEST_F(MemoryPressureTest, ANewBrowserTakesTheMemoryOfTheLongestIdlePausedOne) {
  const v1::Browser longer_idle = CreatePaused();
  const v1::Browser idle = CreatePaused();
  Create();
  EXPECT_EQ(LevelOf(longer_idle), v1::STANDBY_LEVEL_DISK);
  EXPECT_EQ(LevelOf(idle), v1::STANDBY_LEVEL_PAUSED);
}

TEST_F(MemoryPressureTest, AWakingBrowserTakesTheMemoryOfAPausedOneAndOfNoOther) {
  const v1::Browser first = CreatePaused();
  const v1::Browser second = CreatePaused();
  const v1::Browser third = CreatePaused();
  ASSERT_EQ(LevelOf(first), v1::STANDBY_LEVEL_DISK);
  EXPECT_EQ(Resume(first).error_message(), "");
  EXPECT_EQ(LevelOf(first), v1::STANDBY_LEVEL_UNSPECIFIED);
  EXPECT_EQ(LevelOf(second), v1::STANDBY_LEVEL_DISK);
  EXPECT_EQ(LevelOf(third), v1::STANDBY_LEVEL_PAUSED);
}

TEST_F(MemoryPressureTest, NobodyIsPushedWhoIsAwake) {
  Create();
  const v1::Browser sleeping = CreatePaused();
  Create();
  ASSERT_EQ(LevelOf(sleeping), v1::STANDBY_LEVEL_DISK);
  for (const grpc::Status& status : {Resume(sleeping), [&] {
                                       v1::Browser browser;
                                       return TryCreate(browser);
                                     }()}) {
    EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
    EXPECT_THAT(status.error_message(),
                AllOf(HasSubstr("1024 of 1100 MiB"), HasSubstr("needs 512 MiB")));
  }
}

TEST_F(MemoryPressureTest, AllThatWantMemoryAtOnceGetItWhileThereIsSomeToTake) {
  const v1::Browser a = CreatePaused();
  const v1::Browser b = CreatePaused();
  const v1::Browser c = CreatePaused();
  const v1::Browser d = CreatePaused();
  std::vector<grpc::Status> woken(2);
  std::thread wakes_a([&] { woken[0] = Resume(a); });
  std::thread wakes_b([&] { woken[1] = Resume(b); });
  wakes_a.join();
  wakes_b.join();
  EXPECT_EQ(woken[0].error_message(), "");
  EXPECT_EQ(woken[1].error_message(), "");
  EXPECT_EQ(LevelOf(c), v1::STANDBY_LEVEL_DISK);
  EXPECT_EQ(LevelOf(d), v1::STANDBY_LEVEL_DISK);
}

TEST_F(MemoryPressureTest, ForksTakeTheMemoryOfPausedOnes) {
  const v1::Browser idle = CreatePaused();
  const v1::Browser source = Create();
  grpc::ClientContext context;
  v1::ForkBrowserRequest request;
  request.set_session_id(source.session_id());
  v1::ForkBrowserResponse response;
  EXPECT_EQ(daemon_.browsers().ForkBrowser(&context, request, &response).error_message(), "");
  EXPECT_EQ(LevelOf(idle), v1::STANDBY_LEVEL_DISK);
}

TEST_F(MemoryPressureTest, APooledBrowserThatSleepsOnDiskIsStillAvailable) {
  CreatePool(1);
  AwaitAvailable(1);
  Create();
  const v1::Browser in_the_way = Create();
  ASSERT_EQ(daemon_.MachineCount(), 2u);
  EXPECT_EQ(GetPool().available_count(), 1u);
  v1::Browser deleted;
  ASSERT_TRUE(daemon_.Delete(in_the_way.session_id(), deleted).ok());
  v1::Browser acquired;
  ASSERT_EQ(Acquire(acquired).error_message(), "");
  EXPECT_EQ(acquired.state(), v1::BROWSER_STATE_ACQUIRED);
  EXPECT_EQ(LevelOf(acquired), v1::STANDBY_LEVEL_UNSPECIFIED);
  EXPECT_EQ(daemon_.MachineCount(), 2u);
}

TEST_F(MemoryPressureTest, AnAcquiredBrowserTakesTheMemoryOfAPausedOne) {
  CreatePool(1);
  AwaitAvailable(1);
  const v1::Browser idle = CreatePaused();
  Create();
  Create();
  ASSERT_EQ(LevelOf(idle), v1::STANDBY_LEVEL_DISK);
  for (const Browser& browser : daemon_.LiveBrowsers()) {
    if (browser.state != BrowserState::kReady) continue;
    grpc::ClientContext context;
    v1::StandbyBrowserRequest request;
    request.set_session_id(browser.id.value());
    v1::Browser paused;
    ASSERT_TRUE(daemon_.browsers().StandbyBrowser(&context, request, &paused).ok());
  }
  v1::Browser acquired;
  EXPECT_EQ(Acquire(acquired).error_message(), "");
}

TEST_F(MemoryPressureTest, NobodyWakesAPooledBrowserButByAcquiringIt) {
  CreatePool(1);
  AwaitAvailable(1);
  const v1::Browser first = Create();
  const v1::Browser second = Create();
  for (const Browser& browser : daemon_.LiveBrowsers()) {
    if (!browser.membership.has_value()) continue;
    ASSERT_EQ(browser.standby_level, StandbyLevel::kDisk);
    v1::Browser pooled;
    pooled.set_session_id(browser.id.value());
    EXPECT_EQ(Resume(pooled).error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  }
}

TEST_F(MemoryPressureTest, APoolIsNotFilledWithTheMemoryOfPooledBrowsers) {
  CreatePool(3);
  AwaitAvailable(2);
  while (GetPool().held_back_by().empty()) std::this_thread::yield();
  for (const Browser& browser : daemon_.LiveBrowsers()) {
    EXPECT_EQ(browser.standby_level, StandbyLevel::kNone);
  }
}

TEST_F(MemoryPressureTest, APooledBrowserThatSleepsOnDiskIsAvailableAfterARestart) {
  CreatePool(1);
  AwaitAvailable(1);
  Create();
  const v1::Browser in_the_way = Create();
  daemon_.Stop();
  daemon_.Start();
  pools_ = v1::PoolService::NewStub(daemon_.channel());
  EXPECT_EQ(GetPool().available_count(), 1u);
  v1::Browser deleted;
  ASSERT_TRUE(daemon_.Delete(in_the_way.session_id(), deleted).ok());
  v1::Browser acquired;
  EXPECT_EQ(Acquire(acquired).error_message(), "");
}

}  // namespace
}  // namespace orch::testing
