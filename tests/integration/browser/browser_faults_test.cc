#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/base/status_macros.h"
#include "tests/integration/browser/outcome.h"
#include "tests/integration/browser/test_daemon.h"
#include "tests/support/status_matchers.h"

// What becomes of browsers when something fails in the middle: each way that LifeScript found, or
// that was found by reading, by itself.
namespace orch::testing {
namespace {

using BrowserAnswer = absl::StatusOr<Browser>;
using BrowserOutcome = std::shared_ptr<Outcome<BrowserAnswer>>;

constexpr absl::Duration kPatience = absl::Seconds(30);
// Longer than what failed waits for its next attempt.
constexpr absl::Duration kRetry = absl::Seconds(6);

class BrowserFaultsTest : public ::testing::Test {
 protected:
  // Waits for the answer to a call that is made with the callback.
  template <typename T = BrowserAnswer, typename Call>
  T Await(Call call) {
    auto outcome = std::make_shared<Outcome<T>>();
    call(typename Outcome<T>::Answer(outcome));
    if (!outcome->Await(absl::Now() + kPatience) || outcome->answers() != 1) {
      return absl::InternalError("it was not answered");
    }
    return outcome->Take();
  }

  BrowserOutcome BeginCreating() {
    auto outcome = std::make_shared<Outcome<BrowserAnswer>>();
    BrowserSpec spec;
    spec.headless = true;
    spec.timeout = absl::Hours(1);
    spec.standby_after = absl::InfiniteDuration();
    EXPECT_THAT(registry().CreateBrowser(spec, Outcome<BrowserAnswer>::Answer(outcome)).status(),
                IsOk());
    return outcome;
  }

  Browser Create() {
    const BrowserOutcome outcome = BeginCreating();
    if (!outcome->Await(absl::Now() + kPatience) || outcome->answers() == 0) {
      ADD_FAILURE() << "it was not created";
      return {.id = SessionId::Generate()};
    }
    return outcome->Take().value();
  }

  BrowserAnswer Delete(const SessionId& id) {
    return Await([&](auto done) { registry().DeleteBrowser(id, std::move(done)); });
  }
  BrowserAnswer Standby(const SessionId& id, StandbyLevel level) {
    return Await(
        [&](auto done) { registry().Standby(id, level, absl::ZeroDuration(), std::move(done)); });
  }
  BrowserAnswer Resume(const SessionId& id) {
    return Await([&](auto done) { registry().Resume(id, std::move(done)); });
  }
  absl::StatusOr<std::vector<Browser>> Fork(const SessionId& id, uint32_t count) {
    return Await<absl::StatusOr<std::vector<Browser>>>(
        [&](auto done) { registry().Fork(id, count, std::move(done)); });
  }

  // Lets time pass until `id` has ended; its record then.
  BrowserAnswer AwaitEnd(const SessionId& id) {
    const absl::Time deadline = absl::Now() + kPatience;
    while (registry().records().GetLive(id).ok() && absl::Now() < deadline) {
      daemon_.Advance(kRetry);
      absl::SleepFor(absl::Milliseconds(1));
    }
    return registry().records().Get(id);
  }

  size_t SavedStateCount() const {
    size_t count = 0;
    for ([[maybe_unused]] const auto& entry :
         std::filesystem::directory_iterator(daemon_.Path("standby"))) {
      ++count;
    }
    return count;
  }

  BrowserRegistry& registry() { return daemon_.registry(); }

  TestDaemon daemon_{{.image = "plain"}};
};

TEST_F(BrowserFaultsTest, TriesADeletionAgainWhenItsMachineCannotBeDestroyed) {
  const Browser browser = Create();
  for (int i = 0; i < 3; ++i) daemon_.faults().FailNext(Fault::kDestroy);
  EXPECT_THAT(Delete(browser.id), StatusIs(absl::StatusCode::kInternal));
  EXPECT_EQ(registry().records().GetLive(browser.id)->state, BrowserState::kDeleting);
  ORCH_ASSERT_OK_AND_ASSIGN(const Browser ended, AwaitEnd(browser.id));
  EXPECT_EQ(ended.state, BrowserState::kDeleted);
  EXPECT_EQ(daemon_.browsers().budget().committed_mib(), 0u);
  EXPECT_FALSE(daemon_.host().Get(*browser.vm).ok());
}

TEST_F(BrowserFaultsTest, RecordsAFailureLaterWhenItCannotAtOnce) {
  const Browser browser = Create();
  daemon_.faults().FailNext(Fault::kPutBrowser);
  ORCH_ASSERT_OK(daemon_.host().Kill(*browser.vm, "it crashed"));
  const absl::Time deadline = absl::Now() + kPatience;
  while (std::filesystem::exists(registry().MachineDirectory(*browser.vm)) &&
         absl::Now() < deadline) {
    absl::SleepFor(absl::Milliseconds(1));
  }
  // It has no machine any more, whatever its record says.
  EXPECT_THAT(Resume(browser.id), StatusIs(absl::StatusCode::kFailedPrecondition));
  ORCH_ASSERT_OK_AND_ASSIGN(const Browser ended, AwaitEnd(browser.id));
  EXPECT_EQ(ended.state, BrowserState::kFailed);
  EXPECT_THAT(ended.failure_reason, ::testing::HasSubstr("it crashed"));
}

TEST_F(BrowserFaultsTest, KeepsASleepingBrowserForItsClientWhenItsReleaseFails) {
  ORCH_ASSERT_OK_AND_ASSIGN(const Browser browser, [&]() -> BrowserAnswer {
    Pool pool{.id = PoolId::Generate()};
    pool.spec.browser.headless = true;
    ORCH_RETURN_IF_ERROR(Await([&](auto done) {
                           registry().CreatePooled(pool, std::move(done)).IgnoreError();
                         }).status());
    const SessionId id = registry().records().Live().front().id;
    return Await([&](auto done) { registry().Acquire(id, std::move(done)); });
  }());
  ORCH_ASSERT_OK(Standby(browser.id, StandbyLevel::kDisk).status());
  const auto release = [&] {
    return Await([&](auto done) { registry().Release(browser.id, std::move(done)); });
  };
  daemon_.faults().FailNext(Fault::kPutBrowser);
  EXPECT_FALSE(release().ok());
  ORCH_ASSERT_OK_AND_ASSIGN(const Browser held, registry().records().GetLive(browser.id));
  EXPECT_EQ(held.standby_level, StandbyLevel::kDisk);
  EXPECT_EQ(held.acquired_at, browser.acquired_at);
  EXPECT_EQ(daemon_.browsers().budget().committed_mib(), 0u);
  ORCH_ASSERT_OK_AND_ASSIGN(const Browser released, release());
  EXPECT_EQ(released.state, BrowserState::kReady);
  EXPECT_FALSE(released.acquired_at.has_value());
}

TEST_F(BrowserFaultsTest, MakesAllForksOrNone) {
  const Browser source = Create();
  daemon_.faults().FailNext(Fault::kLoadPages);
  EXPECT_FALSE(Fork(source.id, 3).ok());
  for (const Browser& fork : registry().records().Live()) {
    if (fork.id != source.id) AwaitEnd(fork.id).IgnoreError();
  }
  EXPECT_EQ(registry().records().Live().size(), 1u);
  // Its strand still removes what the forks were to be made of.
  ORCH_EXPECT_OK(Resume(source.id).status());
  EXPECT_EQ(SavedStateCount(), 0u);
}

TEST_F(BrowserFaultsTest, LetsNobodyIntoARunningForkThatDoesNotKnowWhoItIs) {
  const Browser source = Create();
  daemon_.guests().Hold(FakeGuestControl::Call::kGreet);
  const absl::StatusOr<std::vector<Browser>> forks = Fork(source.id, 1);
  ORCH_ASSERT_OK(forks.status());
  EXPECT_EQ(forks->front().state, BrowserState::kReady);
  EXPECT_EQ(daemon_.host().Get(*forks->front().vm)->state, VmState::kRunning);

  auto lease = std::make_shared<Outcome<absl::StatusOr<GuestLease>>>();
  registry().Lease(forks->front().id, absl::Now() + kPatience,
                   Outcome<absl::StatusOr<GuestLease>>::Answer(lease));
  EXPECT_TRUE(daemon_.guests().AwaitHeld(FakeGuestControl::Call::kGreet, 2));
  EXPECT_EQ(lease->answers(), 0);
  daemon_.guests().LetGo(FakeGuestControl::Call::kGreet);
  EXPECT_TRUE(lease->Await(absl::Now() + kPatience));
  EXPECT_EQ(lease->answers(), 1);
}

TEST_F(BrowserFaultsTest, LetsTheSourceOfAForkRunOnWhenItsStateCannotBeSaved) {
  const Browser source = Create();
  daemon_.faults().FillDisk();
  EXPECT_THAT(Fork(source.id, 1), StatusIs(absl::StatusCode::kResourceExhausted));
  daemon_.faults().Clear();
  EXPECT_EQ(daemon_.host().Get(*source.vm)->state, VmState::kRunning);
  EXPECT_EQ(SavedStateCount(), 0u);
  ORCH_EXPECT_OK(Fork(source.id, 1).status());
}

TEST_F(BrowserFaultsTest, EndsAForkWhoseRecordTheStoreKeptButDidNotConfirm) {
  const Browser source = Create();
  daemon_.faults().FailNext(Fault::kPutBrowser, /*after=*/true);
  EXPECT_FALSE(Fork(source.id, 1).ok());
  const auto live = daemon_.store().ListBrowsers({.states = {BrowserState::kCreating}});
  ORCH_ASSERT_OK(live.status());
  EXPECT_TRUE(live->empty());
}

TEST_F(BrowserFaultsTest, WakesWhatMaySleepOnDiskAfterACrash) {
  const Browser browser = Create();
  ORCH_ASSERT_OK(daemon_.host().SetMemory(*browser.vm, "a page"));
  ORCH_ASSERT_OK(Standby(browser.id, StandbyLevel::kPaused).status());
  // The record says kDisk, though nobody knows, and cannot be taken back.
  daemon_.faults().FailNext(Fault::kPutBrowser, /*after=*/true);
  daemon_.faults().FailNext(Fault::kPutBrowser);
  EXPECT_FALSE(Standby(browser.id, StandbyLevel::kDisk).ok());
  daemon_.Kill();
  daemon_.Start();
  ORCH_ASSERT_OK_AND_ASSIGN(const Browser awake, Resume(browser.id));
  EXPECT_EQ(daemon_.host().Memory(*awake.vm).value(), "a page");
}

TEST_F(BrowserFaultsTest, SettlesARecordInDoubtInTime) {
  const Browser browser = Create();
  ORCH_ASSERT_OK(Standby(browser.id, StandbyLevel::kDisk).status());
  daemon_.faults().FailNext(Fault::kPutBrowser, /*after=*/true);
  EXPECT_FALSE(Resume(browser.id).ok());
  EXPECT_EQ(daemon_.store().GetBrowser(browser.id)->state, BrowserState::kReady);
  const absl::Time deadline = absl::Now() + kPatience;
  while (registry().records().IsInDoubt(browser.id) && absl::Now() < deadline) {
    daemon_.Advance(kRetry);
    absl::SleepFor(absl::Milliseconds(1));
  }
  EXPECT_EQ(daemon_.store().GetBrowser(browser.id).value(),
            registry().records().GetLive(browser.id).value());
}

// A clone that finds its template damaged asks for another one, which a registry that ends does not
// make any more.
TEST_F(BrowserFaultsTest, AnswersWhatIsBeingMadeAnewWhenItStops) {
  const Browser sleeper = Create();
  std::string devices;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(daemon_.Path("templates"))) {
    if (entry.path().filename() == "devices") devices = entry.path();
  }
  ASSERT_FALSE(devices.empty());
  // All threads that clone wait in the driver, and one clone for them. Another one gets the spare
  // shell, and the thread that makes the next one waits, too.
  while (daemon_.browsers().shells().spare_count() == 0) absl::SleepFor(absl::Milliseconds(1));
  const size_t threads = BrowserRegistry::Options().max_concurrent_clones;
  absl::BlockingCounter arrived(static_cast<int>(threads) + 1);
  absl::Notification go_on;
  daemon_.host().SetAgentAddressHook([&](const VmConfig&) -> GuestAddress {
    if (!go_on.HasBeenNotified()) arrived.DecrementCount();
    go_on.WaitForNotification();
    return {};
  });
  std::vector<BrowserOutcome> created;
  for (size_t i = 0; i < threads + 2; ++i) created.push_back(BeginCreating());
  arrived.Wait();
  // Who waits for a lease to end is told as soon as the registry ends.
  auto lease = Await<absl::StatusOr<GuestLease>>(
      [&](auto done) { registry().Lease(sleeper.id, absl::Now() + kPatience, std::move(done)); });
  ORCH_ASSERT_OK(lease.status());
  auto waiting = std::make_shared<Outcome<BrowserAnswer>>();
  registry().Standby(sleeper.id, StandbyLevel::kPaused, absl::Hours(1),
                     Outcome<BrowserAnswer>::Answer(waiting));
  std::ofstream(devices, std::ios::trunc) << "damaged";
  std::thread stopping([&] { daemon_.Stop(); });
  EXPECT_TRUE(waiting->Await(absl::Now() + kPatience));
  go_on.Notify();
  *lease = GuestLease(nullptr, nullptr, nullptr);
  stopping.join();
  for (const BrowserOutcome& outcome : created) EXPECT_EQ(outcome->answers(), 1);
  daemon_.Start();
}

}  // namespace
}  // namespace orch::testing
