#include "orchestrator/pool/pool_registry.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/store/fake/fake_state_store.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_pooled_browsers.h"
#include "tests/support/status_matchers.h"

namespace orch {
namespace {

using orch::testing::FakeClock;
using orch::testing::FakePooledBrowsers;
using orch::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Call = FakePooledBrowsers::Call;

// The answer of a call that answers later.
template <typename T>
class Answer {
 public:
  auto callback() {
    return [state = state_](T result) {
      absl::MutexLock lock(&state->mutex);
      state->result = std::move(result);
      state->done = true;
    };
  }
  T Get() {
    absl::MutexLock lock(&state_->mutex);
    state_->mutex.Await(absl::Condition(&state_->done));
    return state_->result;
  }
  bool done() const {
    absl::MutexLock lock(&state_->mutex);
    return state_->done;
  }

 private:
  struct State {
    absl::Mutex mutex;
    bool done = false;
    T result = absl::UnknownError("");
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

class PoolRegistryTest : public ::testing::Test {
 protected:
  PoolRegistryTest() { Restart(); }

  // A new daemon on the same store.
  void Restart() {
    registry_.reset();
    browsers_ = std::make_unique<FakePooledBrowsers>(store_, clock_);
    ORCH_ASSERT_OK(browsers_->records().Load());
    StartRegistry();
  }
  void StartRegistry() {
    auto registry = PoolRegistry::Create(
        {.browsers = *browsers_,
         .store = store_,
         .resolve = [](const BrowserSpec& spec) -> absl::StatusOr<BrowserSpec> {
           if (spec.image == "none") return absl::NotFoundError("there is no image none");
           BrowserSpec resolved = spec;
           if (spec.image.empty()) resolved.image = "default";
           return resolved;
         },
         .observer = observer_,
         .clock = clock_},
        {.max_concurrent_creations = 8});
    ORCH_ASSERT_OK(registry);
    registry_ = *std::move(registry);
  }

  absl::StatusOr<PoolStatus> Create(PoolSpec spec) {
    Answer<absl::StatusOr<PoolStatus>> answer;
    registry_->CreatePool(std::move(spec), answer.callback());
    return answer.Get();
  }
  // A pool that is full at once.
  Pool CreateFull(uint32_t size, const std::string& name = "") {
    const auto pool = Create({.name = name, .size = size, .fill_rate_per_minute = kAtOnce});
    EXPECT_TRUE(pool.ok()) << pool.status();
    AwaitAvailable(pool->pool.id.value(), size);
    return pool->pool;
  }
  absl::StatusOr<PoolStatus> Update(const std::string& pool, PoolChange change) {
    Answer<absl::StatusOr<PoolStatus>> answer;
    registry_->UpdatePool(pool, std::move(change), answer.callback());
    return answer.Get();
  }
  absl::StatusOr<PoolStatus> Flush(const std::string& pool) {
    Answer<absl::StatusOr<PoolStatus>> answer;
    registry_->FlushPool(pool, answer.callback());
    return answer.Get();
  }
  absl::Status Delete(const std::string& pool, bool force) {
    Answer<absl::Status> answer;
    registry_->DeletePool(pool, force, answer.callback());
    return answer.Get();
  }
  absl::StatusOr<Browser> Acquire(const std::string& pool,
                                  absl::Duration timeout = absl::Minutes(1)) {
    Answer<absl::StatusOr<Browser>> answer;
    registry_->Acquire(pool, timeout, answer.callback());
    return answer.Get();
  }
  absl::Status Release(const std::string& pool, const SessionId& id, Reuse reuse = Reuse::kKeep) {
    Answer<absl::Status> answer;
    registry_->Release(pool, id, reuse, answer.callback());
    return answer.Get();
  }

  // Waits until a pool is as `wanted`; time of the fake clock passes meanwhile.
  template <typename Wanted>
  void Await(const std::string& pool, Wanted wanted) {
    absl::Mutex mutex;
    bool reached = false;
    auto watch = registry_->Watch(pool, [&](const std::optional<PoolStatus>& status) {
      absl::MutexLock lock(&mutex);
      reached = reached || (status.has_value() && wanted(*status));
    });
    ORCH_ASSERT_OK(watch);
    while (true) {
      {
        absl::MutexLock lock(&mutex);
        if (mutex.AwaitWithTimeout(absl::Condition(&reached), absl::Milliseconds(1))) break;
      }
      clock_.Advance(absl::Milliseconds(1));
      registry_->WakeUp();
    }
    // The callback refers to this frame: let the last call end.
    watch->reset();
    absl::MutexLock lock(&mutex);
  }
  void AwaitAvailable(const std::string& pool, size_t count) {
    Await(pool, [count](const PoolStatus& status) { return status.available == count; });
  }

  static constexpr uint32_t kAtOnce = PoolSpec::kMaxFillRatePerMinute;

  FakeClock clock_{absl::FromUnixSeconds(1'800'000'000)};
  PoolObserver observer_;
  FakeStateStore store_;
  std::unique_ptr<FakePooledBrowsers> browsers_;
  std::unique_ptr<PoolRegistry> registry_;
};

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

TEST_F(PoolRegistryTest, TakesEmptyNameForUnchanged) {
  CreateFull(1, "p");
  ORCH_ASSERT_OK_AND_ASSIGN(const PoolStatus same, Update("p", {.name = ""}));
  EXPECT_EQ(same.pool.spec.name, "p");
}

TEST_F(PoolRegistryTest, FlushesPool) {
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

TEST_F(PoolRegistryTest, FlushesPoolWithNothingIdle) {
  CreateFull(1, "p");
  ORCH_ASSERT_OK(Acquire("p"));
  ORCH_ASSERT_OK_AND_ASSIGN(const PoolStatus status, Flush("p"));
  EXPECT_EQ(status.acquired, 1u);
  EXPECT_THAT(Flush("none"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(PoolRegistryTest, DeletesPoolOnlyByForceWhileBrowsersAreHeld) {
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

TEST_F(PoolRegistryTest, KeepsPoolThatTheStoreCannotDelete) {
  const Pool pool = CreateFull(1, "p");
  store_.FailWrites(absl::UnavailableError("disk full"));
  EXPECT_THAT(Delete("p", false), StatusIs(absl::StatusCode::kUnavailable));
  store_.FailWrites(absl::OkStatus());
  ORCH_EXPECT_OK(Acquire("p"));
}

TEST_F(PoolRegistryTest, DeletesBrowserThatIsReadyAfterItsPoolIsGone) {
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

TEST_F(PoolRegistryTest, TriesDeletionAgainUntilItWorks) {
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

TEST_F(PoolRegistryTest, LeavesBrowserWithItsClientWhenReleaseFails) {
  const Pool pool = CreateFull(1);
  ORCH_ASSERT_OK_AND_ASSIGN(const Browser browser, Acquire(pool.id.value()));
  browsers_->Fail(Call::kRelease, absl::UnavailableError("disk full"), 1);
  EXPECT_THAT(Release(pool.id.value(), browser.id), StatusIs(absl::StatusCode::kUnavailable));
  ORCH_EXPECT_OK(Release(pool.id.value(), browser.id));
}

TEST_F(PoolRegistryTest, FindsItsBrowsersAfterRestart) {
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

TEST_F(PoolRegistryTest, FindsAnIdleBrowserThatSleepsOnDiskAfterRestart) {
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

TEST_F(PoolRegistryTest, DeletesWhatNoPoolWantsAfterRestart) {
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

TEST_F(PoolRegistryTest, ShowsWatcherEveryStateThatLasts) {
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

TEST_F(PoolRegistryTest, EndsWaitingCallsWhenItStops) {
  ORCH_ASSERT_OK(Create({.name = "p", .size = 1, .fill_rate_per_minute = 0}));
  Answer<absl::StatusOr<Browser>> waiting;
  registry_->Acquire("p", absl::Minutes(1), waiting.callback());
  registry_.reset();
  EXPECT_THAT(waiting.Get(), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(PoolRegistryTest, StopsWhileCreationsAreUnderWay) {
  browsers_->Hold(Call::kCreate);
  ORCH_ASSERT_OK(Create({.name = "p", .size = 3, .fill_rate_per_minute = kAtOnce}));
  browsers_->AwaitHeld(Call::kCreate, 1);
  registry_.reset();
  browsers_->LetGo(Call::kCreate);
}

TEST_F(PoolRegistryTest, ListsPoolsNewestFirst) {
  CreateFull(1, "a");
  clock_.Advance(absl::Seconds(1));
  CreateFull(1, "b");
  std::vector<std::string> names;
  for (const PoolStatus& status : registry_->ListPools()) names.push_back(status.pool.spec.name);
  EXPECT_THAT(names, ElementsAre("b", "a"));
}

}  // namespace
}  // namespace orch
