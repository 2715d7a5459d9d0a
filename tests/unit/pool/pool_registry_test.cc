#include "orchestrator/pool/pool_registry.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/pool/pool_registry_fixture.h"

namespace orch::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Call = FakePooledBrowsers::Call;

TEST_F(PoolRegistryTest, FillsNewPool) {
  ORCH_ASSERT_OK_AND_ASSIGN(const PoolStatus created,
                            Create({.name = "p", .size = 3, .fill_rate_per_minute = kAtOnce}));
  EXPECT_EQ(created.pool.created_at, clock_.Now());
  EXPECT_EQ(created.pool.spec.browser.image, "default");
  AwaitAvailable("p", 3);
  EXPECT_EQ(browsers_->records().Live().size(), 3u);
  ORCH_ASSERT_OK_AND_ASSIGN(const std::vector<Pool> kept, store_.ListPools());
  EXPECT_THAT(kept, ElementsAre(created.pool));
}

TEST_F(PoolRegistryTest, RefusesPoolsThatCannotBe) {
  EXPECT_THAT(Create({.size = 0}), StatusIs(absl::StatusCode::kInvalidArgument,
                                            HasSubstr("size is 0; it must be 1..10000")));
  EXPECT_THAT(Create({.size = 10'001}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Create({.size = 1, .fill_rate_per_minute = 1'000'001}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("fill_rate_per_minute")));
  EXPECT_THAT(Create({.name = "a/b", .size = 1}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("name")));
  EXPECT_THAT(Create({.browser = {.image = "none"}, .size = 1}),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("image")));
  ORCH_ASSERT_OK(Create({.name = "p", .size = 1}));
  EXPECT_THAT(Create({.name = "p", .size = 1}), StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_EQ(registry_->ListPools().size(), 1u);
}

TEST_F(PoolRegistryTest, HasNoPoolThatTheStoreRefused) {
  store_.FailWrites(absl::UnavailableError("disk full"));
  EXPECT_THAT(Create({.name = "p", .size = 1}), StatusIs(absl::StatusCode::kUnavailable));
  store_.FailWrites(absl::OkStatus());
  EXPECT_THAT(registry_->ListPools(), IsEmpty());
  ORCH_EXPECT_OK(Create({.name = "p", .size = 1}));
}

TEST_F(PoolRegistryTest, FindsPoolsByIdAndName) {
  const Pool pool = CreateFull(1, "p");
  for (const std::string& name : {pool.id.value(), std::string("p")}) {
    ORCH_ASSERT_OK_AND_ASSIGN(const PoolStatus status, registry_->GetPool(name));
    EXPECT_EQ(status.pool, pool);
  }
  EXPECT_THAT(registry_->GetPool("q\n"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("\"q\\n\"")));
}

TEST_F(PoolRegistryTest, HandsOutAndTakesBack) {
  const Pool pool = CreateFull(2);
  ORCH_ASSERT_OK_AND_ASSIGN(const Browser browser, Acquire(pool.id.value()));
  EXPECT_EQ(browser.state, BrowserState::kAcquired);
  ORCH_ASSERT_OK_AND_ASSIGN(const PoolStatus during, registry_->GetPool(pool.id.value()));
  EXPECT_EQ(during.available, 1u);
  EXPECT_EQ(during.acquired, 1u);
  ORCH_EXPECT_OK(Release(pool.id.value(), browser.id));
  ORCH_ASSERT_OK_AND_ASSIGN(const PoolStatus after, registry_->GetPool(pool.id.value()));
  EXPECT_EQ(after.available, 2u);
  EXPECT_THAT(Release(pool.id.value(), browser.id),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(Release(pool.id.value(), SessionId::Generate()),
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Release("none", browser.id), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(PoolRegistryTest, ReplacesWhatIsDiscarded) {
  const Pool pool = CreateFull(1);
  ORCH_ASSERT_OK_AND_ASSIGN(const Browser browser, Acquire(pool.id.value()));
  ORCH_EXPECT_OK(Release(pool.id.value(), browser.id, Reuse::kDiscard));
  AwaitAvailable(pool.id.value(), 1);
  ORCH_ASSERT_OK_AND_ASSIGN(const Browser next, Acquire(pool.id.value()));
  EXPECT_FALSE(next.id == browser.id);
}

TEST_F(PoolRegistryTest, LetsCallerWaitForBrowserThatComesBack) {
  const Pool pool = CreateFull(1);
  ORCH_ASSERT_OK_AND_ASSIGN(const Browser browser, Acquire(pool.id.value()));
  Answer<absl::StatusOr<Browser>> waiting;
  registry_->Acquire(pool.id.value(), absl::Minutes(1), waiting.callback());
  EXPECT_FALSE(waiting.done());
  ORCH_EXPECT_OK(Release(pool.id.value(), browser.id));
  ORCH_ASSERT_OK_AND_ASSIGN(const Browser same, waiting.Get());
  EXPECT_EQ(same.id, browser.id);
}

TEST_F(PoolRegistryTest, TriesTheNextWhenOneCannotBeResumed) {
  const Pool pool = CreateFull(3);
  browsers_->Fail(Call::kAcquire, absl::DataLossError("damaged"), 2);
  ORCH_ASSERT_OK_AND_ASSIGN(const Browser browser, Acquire(pool.id.value()));
  EXPECT_EQ(browser.state, BrowserState::kAcquired);
  AwaitAvailable(pool.id.value(), 2);
}

TEST_F(PoolRegistryTest, TimesOutAndSaysWhy) {
  browsers_->Fail(Call::kCreate, absl::ResourceExhaustedError("needs 512 MiB, 100 MiB are free"),
                  1000);
  ORCH_ASSERT_OK(Create({.name = "p", .size = 1, .fill_rate_per_minute = kAtOnce}));
  Await("p", [](const PoolStatus& status) { return !status.held_back_by.empty(); });
  EXPECT_THAT(Acquire("p", absl::ZeroDuration()),
              StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("100 MiB are free")));
  Answer<absl::StatusOr<Browser>> waiting;
  registry_->Acquire("p", absl::Seconds(30), waiting.callback());
  clock_.Advance(absl::Seconds(29));
  registry_->WakeUp();
  EXPECT_FALSE(waiting.done());
  clock_.Advance(absl::Seconds(1));
  registry_->WakeUp();
  EXPECT_THAT(waiting.Get(), StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_THAT(Acquire("p", absl::Hours(2)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("acquire_timeout")));
}

TEST_F(PoolRegistryTest, IgnoresStepsOfTheWallClock) {
  ORCH_ASSERT_OK(Create({.name = "p", .size = 1, .fill_rate_per_minute = 0}));
  Answer<absl::StatusOr<Browser>> waiting;
  registry_->Acquire("p", absl::Seconds(30), waiting.callback());
  clock_.Step(absl::Hours(5));
  registry_->WakeUp();
  EXPECT_FALSE(waiting.done());
  clock_.Step(-absl::Hours(10));
  clock_.Advance(absl::Seconds(31));
  registry_->WakeUp();
  EXPECT_THAT(waiting.Get(), StatusIs(absl::StatusCode::kDeadlineExceeded));
}

TEST_F(PoolRegistryTest, GivesBrowserOfCancelledCallBack) {
  const Pool pool = CreateFull(1);
  browsers_->Hold(Call::kAcquire);
  Answer<absl::StatusOr<Browser>> answer;
  const auto ticket = registry_->Acquire(pool.id.value(), absl::Minutes(1), answer.callback());
  browsers_->AwaitHeld(Call::kAcquire, 1);
  registry_->CancelAcquire(ticket);
  EXPECT_THAT(answer.Get(), StatusIs(absl::StatusCode::kCancelled));
  browsers_->LetGo(Call::kAcquire);
  AwaitAvailable(pool.id.value(), 1);
  registry_->CancelAcquire(ticket);
  ORCH_EXPECT_OK(Acquire(pool.id.value()));
}

TEST_F(PoolRegistryTest, ReplacesBrowsersThatEnd) {
  const Pool pool = CreateFull(2);
  ORCH_ASSERT_OK_AND_ASSIGN(const Browser browser, Acquire(pool.id.value()));
  for (const Browser& live : browsers_->records().Live()) browsers_->Kill(live.id);
  AwaitAvailable(pool.id.value(), 2);
  ORCH_ASSERT_OK_AND_ASSIGN(const PoolStatus status, registry_->GetPool(pool.id.value()));
  EXPECT_EQ(status.acquired, 0u);
  EXPECT_THAT(Release(pool.id.value(), browser.id), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(PoolRegistryTest, ShowsFailures) {
  browsers_->Fail(Call::kCreate, absl::InternalError("\xff\n" + std::string(5000, 'x')), 1000);
  ORCH_ASSERT_OK(Create({.name = "p", .size = 1, .fill_rate_per_minute = kAtOnce}));
  Await("p", [](const PoolStatus& status) { return status.consecutive_failures >= 2; });
  ORCH_ASSERT_OK_AND_ASSIGN(const PoolStatus status, registry_->GetPool("p"));
  EXPECT_THAT(status.last_error, ::testing::StartsWith("\\xff\\nxxx"));
  EXPECT_EQ(status.last_error.size(), PoolStatus::kMaxErrorBytes);
  EXPECT_TRUE(status.last_error_at.has_value());
}

TEST_F(PoolRegistryTest, UpdatesPool) {
  const Pool pool = CreateFull(2, "p");
  ORCH_ASSERT_OK(Create({.name = "q", .size = 1}));
  EXPECT_THAT(Update("p", {.name = "q"}), StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_THAT(Update("p", {.size = 0}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Update("p", {.browser = BrowserSpec{.image = "none"}}),
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Update("none", {}), StatusIs(absl::StatusCode::kNotFound));
  ORCH_ASSERT_OK_AND_ASSIGN(const PoolStatus renamed, Update("p", {.name = "r", .size = 3}));
  EXPECT_EQ(renamed.pool.generation, 1u);
  AwaitAvailable("r", 3);
  EXPECT_THAT(registry_->GetPool("p"), StatusIs(absl::StatusCode::kNotFound));
  ORCH_ASSERT_OK_AND_ASSIGN(
      const PoolStatus other,
      Update("r", {.browser = BrowserSpec{.image = "other"}, .discard_all_idle = true}));
  EXPECT_EQ(other.pool.generation, 2u);
  EXPECT_EQ(other.pool.spec.browser.image, "other");
  AwaitAvailable("r", 3);
  for (const Browser& live : browsers_->records().Live()) {
    EXPECT_TRUE(live.membership->pool != pool.id || live.membership->generation == 2);
  }
}

TEST_F(PoolRegistryTest, DiscardsAfterARestartWhatAnUpdateWasToDiscard) {
  const Pool pool = CreateFull(2);
  ORCH_ASSERT_OK_AND_ASSIGN(const Browser held, Acquire(pool.id.value()));
  browsers_->Hold(Call::kDelete);
  browsers_->Hold(Call::kCreate);
  ORCH_ASSERT_OK(Update(pool.id.value(), {.discard_all_idle = true}));
  browsers_->AwaitHeld(Call::kDelete, 1);
  Restart();
  while (true) {
    const std::vector<Browser> live = browsers_->records().Live();
    const bool old_ones_went = std::all_of(live.begin(), live.end(), [&](const Browser& browser) {
      return browser.id == held.id || browser.membership->generation == 2;
    });
    if (old_ones_went) break;
    std::this_thread::yield();
  }
  AwaitAvailable(pool.id.value(), 1);
  EXPECT_EQ(browsers_->records().GetLive(held.id)->state, BrowserState::kAcquired);
}

TEST_F(PoolRegistryTest, KeepsAfterARestartWhatAnUpdateLeftIdle) {
  const Pool pool = CreateFull(2);
  ORCH_ASSERT_OK(Update(pool.id.value(), {.browser = BrowserSpec{.image = "other"}}));
  Restart();
  AwaitAvailable(pool.id.value(), 2);
  for (const Browser& live : browsers_->records().Live()) {
    EXPECT_EQ(live.membership->generation, 1u);
  }
}

}  // namespace
}  // namespace orch::testing
