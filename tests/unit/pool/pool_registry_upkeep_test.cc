// Pools that are emptied, deleted, watched, and found again after a restart.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/pool/pool_registry_fixture.h"

namespace orch::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using PoolRegistryUpkeepTest = PoolRegistryTest;
using Call = FakePooledBrowsers::Call;

TEST_F(PoolRegistryUpkeepTest, TakesEmptyNameForUnchanged) {
  CreateFull(1, "p");
  ORCH_ASSERT_OK_AND_ASSIGN(const PoolStatus same, Update("p", {.name = ""}));
  EXPECT_EQ(same.pool.spec.name, "p");
}

TEST_F(PoolRegistryUpkeepTest, FlushesPool) {
  const Pool pool = CreateFull(2);
  const std::vector<Browser> before = browsers_->records().Live();
  browsers_->Hold(Call::kDelete);
  Answer<absl::StatusOr<PoolStatus>> flushed;
  registry_->FlushPool(pool.id.value(), flushed.callback());
  browsers_->AwaitHeld(Call::kDelete, 2);
  EXPECT_FALSE(flushed.done());
  browsers_->LetGo(Call::kDelete);
  ORCH_ASSERT_OK(flushed.Get());
  for (const Browser& browser : before) {
    ORCH_ASSERT_OK_AND_ASSIGN(const Browser now, browsers_->records().Get(browser.id));
    EXPECT_TRUE(IsTerminal(now.state) || now.state == BrowserState::kDeleting);
  }
  AwaitAvailable(pool.id.value(), 2);
}

TEST_F(PoolRegistryUpkeepTest, FlushesPoolWithNothingIdle) {
  CreateFull(1, "p");
  ORCH_ASSERT_OK(Acquire("p"));
  ORCH_ASSERT_OK_AND_ASSIGN(const PoolStatus status, Flush("p"));
  EXPECT_EQ(status.acquired, 1u);
  EXPECT_THAT(Flush("none"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(PoolRegistryUpkeepTest, DeletesPoolOnlyByForceWhileBrowsersAreHeld) {
  const Pool pool = CreateFull(2, "p");
  ORCH_ASSERT_OK_AND_ASSIGN(const Browser browser, Acquire("p"));
  EXPECT_THAT(Delete("p", false), StatusIs(absl::StatusCode::kFailedPrecondition));
  browsers_->Hold(Call::kDelete);
  ORCH_EXPECT_OK(Delete("p", true));
  browsers_->AwaitHeld(Call::kDelete, 2);
  browsers_->LetGo(Call::kDelete);
  EXPECT_THAT(browsers_->records().Live(), IsEmpty());
  EXPECT_THAT(registry_->GetPool("p"), StatusIs(absl::StatusCode::kNotFound));
  ORCH_ASSERT_OK_AND_ASSIGN(const std::vector<Pool> kept, store_.ListPools());
  EXPECT_THAT(kept, IsEmpty());
  EXPECT_THAT(Delete("p", true), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(PoolRegistryUpkeepTest, KeepsPoolThatTheStoreCannotDelete) {
  const Pool pool = CreateFull(1, "p");
  store_.FailWrites(absl::UnavailableError("disk full"));
  EXPECT_THAT(Delete("p", false), StatusIs(absl::StatusCode::kUnavailable));
  store_.FailWrites(absl::OkStatus());
  ORCH_EXPECT_OK(Acquire("p"));
}

TEST_F(PoolRegistryUpkeepTest, DeletesBrowserThatIsReadyAfterItsPoolIsGone) {
  browsers_->Hold(Call::kCreate);
  ORCH_ASSERT_OK(Create({.name = "p", .size = 1}));
  browsers_->AwaitHeld(Call::kCreate, 1);
  ORCH_ASSERT_OK(Delete("p", false));
  browsers_->Hold(Call::kDelete);
  browsers_->LetGo(Call::kCreate);
  browsers_->AwaitHeld(Call::kDelete, 1);
  browsers_->LetGo(Call::kDelete);
  EXPECT_THAT(browsers_->records().Live(), IsEmpty());
}

TEST_F(PoolRegistryUpkeepTest, TriesDeletionAgainUntilItWorks) {
  const Pool pool = CreateFull(1);
  browsers_->Fail(Call::kDelete, absl::UnavailableError("disk full"), 1);
  browsers_->Hold(Call::kDelete);
  Answer<absl::StatusOr<PoolStatus>> flushed;
  registry_->FlushPool(pool.id.value(), flushed.callback());
  browsers_->AwaitHeld(Call::kDelete, 1);
  browsers_->LetGo(Call::kDelete);
  EXPECT_THAT(flushed.Get(), StatusIs(absl::StatusCode::kUnavailable));
  browsers_->Hold(Call::kDelete);
  clock_.Advance(absl::Seconds(11));
  registry_->WakeUp();
  browsers_->AwaitHeld(Call::kDelete, 1);
  browsers_->LetGo(Call::kDelete);
}

TEST_F(PoolRegistryUpkeepTest, LeavesBrowserWithItsClientWhenReleaseFails) {
  const Pool pool = CreateFull(1);
  ORCH_ASSERT_OK_AND_ASSIGN(const Browser browser, Acquire(pool.id.value()));
  browsers_->Fail(Call::kRelease, absl::UnavailableError("disk full"), 1);
  EXPECT_THAT(Release(pool.id.value(), browser.id), StatusIs(absl::StatusCode::kUnavailable));
  ORCH_EXPECT_OK(Release(pool.id.value(), browser.id));
}

TEST_F(PoolRegistryUpkeepTest, FindsItsBrowsersAfterRestart) {
  const Pool pool = CreateFull(4, "p");
  ORCH_ASSERT_OK_AND_ASSIGN(const Browser held, Acquire("p"));
  const Browser asleep = browsers_->AddRecord(pool, 1, BrowserState::kStandby);
  Restart();
  ORCH_ASSERT_OK_AND_ASSIGN(const PoolStatus status, registry_->GetPool("p"));
  EXPECT_EQ(status.pool, pool);
  EXPECT_EQ(status.acquired, 2u);
  // One idle browser is above the size now.
  EXPECT_EQ(status.available, 2u);
  ORCH_EXPECT_OK(Release("p", held.id));
  ORCH_EXPECT_OK(Release("p", asleep.id));
  AwaitAvailable("p", 4);
}

TEST_F(PoolRegistryUpkeepTest, FindsAnIdleBrowserThatSleepsOnDiskAfterRestart) {
  const Pool pool = CreateFull(2, "p");
  const Browser pushed = browsers_->records().Live().front();
  ORCH_ASSERT_OK(browsers_->records().Update(pushed.id, [](Browser& browser) {
    browser.state = BrowserState::kStandby;
    browser.standby_level = StandbyLevel::kDisk;
  }));
  Restart();
  ORCH_ASSERT_OK_AND_ASSIGN(const PoolStatus status, registry_->GetPool("p"));
  EXPECT_EQ(status.available, 2u);
  EXPECT_EQ(status.acquired, 0u);
}

TEST_F(PoolRegistryUpkeepTest, DeletesWhatNoPoolWantsAfterRestart) {
  const Pool gone{.id = PoolId::Generate(), .spec = {.size = 1}};
  const Pool pool = CreateFull(1);
  for (const BrowserState state :
       {BrowserState::kReady, BrowserState::kAcquired, BrowserState::kStandby}) {
    browsers_->AddRecord(gone, 1, state);
  }
  browsers_->AddRecord(pool, 1, BrowserState::kCreating);
  registry_.reset();
  browsers_->Hold(Call::kDelete);
  StartRegistry();
  browsers_->AwaitHeld(Call::kDelete, 4);
  browsers_->LetGo(Call::kDelete);
  EXPECT_EQ(browsers_->records().Live().size(), 1u);
}

TEST_F(PoolRegistryUpkeepTest, ShowsWatcherEveryStateThatLasts) {
  const Pool pool = CreateFull(2, "p");
  absl::Mutex mutex;
  std::vector<std::optional<PoolStatus>> seen;
  const auto watch = registry_->Watch("p", [&](const std::optional<PoolStatus>& status) {
    absl::MutexLock lock(&mutex);
    seen.push_back(status);
  });
  ORCH_ASSERT_OK(watch);
  const auto await = [&](auto wanted) {
    const auto reached = [&] { return !seen.empty() && wanted(seen.back()); };
    absl::MutexLock lock(&mutex);
    mutex.Await(absl::Condition(&reached));
  };
  await([](const auto& last) { return last.has_value() && last->available == 2; });
  ORCH_ASSERT_OK(Acquire("p"));
  await([](const auto& last) { return last.has_value() && last->acquired == 1; });
  ORCH_ASSERT_OK(Delete("p", true));
  await([](const auto& last) { return !last.has_value(); });
  EXPECT_THAT(registry_->Watch("p", [](const auto&) {}), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(PoolRegistryUpkeepTest, EndsWaitingCallsWhenItStops) {
  ORCH_ASSERT_OK(Create({.name = "p", .size = 1, .fill_rate_per_minute = 0}));
  Answer<absl::StatusOr<Browser>> waiting;
  registry_->Acquire("p", absl::Minutes(1), waiting.callback());
  registry_.reset();
  EXPECT_THAT(waiting.Get(), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(PoolRegistryUpkeepTest, StopsWhileCreationsAreUnderWay) {
  browsers_->Hold(Call::kCreate);
  ORCH_ASSERT_OK(Create({.name = "p", .size = 3, .fill_rate_per_minute = kAtOnce}));
  browsers_->AwaitHeld(Call::kCreate, 1);
  registry_.reset();
  browsers_->LetGo(Call::kCreate);
}

TEST_F(PoolRegistryUpkeepTest, ListsPoolsNewestFirst) {
  CreateFull(1, "a");
  clock_.Advance(absl::Seconds(1));
  CreateFull(1, "b");
  std::vector<std::string> names;
  for (const PoolStatus& status : registry_->ListPools()) names.push_back(status.pool.spec.name);
  EXPECT_THAT(names, ElementsAre("b", "a"));
}

}  // namespace
}  // namespace orch::testing
