#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/integration/browser/outcome.h"
#include "tests/integration/browser/test_daemon.h"
#include "tests/support/status_matchers.h"

// Pools over the browsers that they are made for, and these over machines of the fake driver.
namespace orch::testing {
namespace {

using BrowserAnswer = absl::StatusOr<Browser>;

constexpr absl::Duration kPatience = absl::Seconds(30);
constexpr uint32_t kSize = 3;
constexpr char kWork[] = "a client's work";

class PoolLifeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    PoolSpec spec;
    spec.name = "p";
    spec.size = kSize;
    spec.fill_rate_per_minute = PoolSpec::kMaxFillRatePerMinute;
    spec.browser.headless = true;
    const auto created = Await<absl::StatusOr<PoolStatus>>(
        [&](auto done) { daemon_.pools().CreatePool(spec, std::move(done)); });
    ORCH_ASSERT_OK(created.status());
    AwaitIdle(kSize);
  }

  template <typename T, typename Call>
  T Await(Call call) {
    auto outcome = std::make_shared<Outcome<T>>();
    call(typename Outcome<T>::Answer(outcome));
    if (!outcome->Await(absl::Now() + kPatience) || outcome->answers() != 1) {
      return absl::InternalError("it was not answered");
    }
    return outcome->Take();
  }

  BrowserAnswer Acquire() {
    return Await<BrowserAnswer>(
        [&](auto done) { daemon_.pools().Acquire("p", absl::ZeroDuration(), std::move(done)); });
  }

  absl::Status Release(const SessionId& id, Reuse reuse) {
    return Await<absl::Status>(
        [&](auto done) { daemon_.pools().Release("p", id, reuse, std::move(done)); });
  }

  PoolStatus Status() { return daemon_.pools().GetPool("p").value(); }

  // Lets time pass until so many are idle and nothing is on its way.
  void AwaitIdle(size_t count) {
    const absl::Time deadline = absl::Now() + kPatience;
    while ((Status().available != count || Status().pending != 0) && absl::Now() < deadline) {
      daemon_.Advance(absl::Seconds(1));
      absl::SleepFor(absl::Milliseconds(1));
    }
    ASSERT_EQ(Status().available, count);
  }

  // Until its record says how it ended.
  Browser AwaitEnd(const SessionId& id) {
    const absl::Time deadline = absl::Now() + kPatience;
    while (daemon_.registry().records().GetLive(id).ok() && absl::Now() < deadline) {
      absl::SleepFor(absl::Milliseconds(1));
    }
    return daemon_.registry().records().Get(id).value();
  }

  std::vector<Browser> Live() { return daemon_.registry().records().Live(); }
  VmState MachineOf(const Browser& browser) { return daemon_.host().Get(*browser.vm)->state; }
  std::string MemoryOf(const Browser& browser) {
    return daemon_.host().Memory(*browser.vm).value();
  }

  TestDaemon daemon_{{.image = "plain"}};
};

TEST_F(PoolLifeTest, KeepsItsBrowsersPausedInMachinesOfTheirOwn) {
  std::set<VmId> machines;
  for (const Browser& browser : Live()) {
    EXPECT_EQ(browser.state, BrowserState::kReady);
    EXPECT_EQ(MachineOf(browser), VmState::kPaused);
    machines.insert(*browser.vm);
  }
  EXPECT_EQ(machines.size(), kSize);
}

TEST_F(PoolLifeTest, HandsOutABrowserThatRuns) {
  ORCH_ASSERT_OK_AND_ASSIGN(const Browser browser, Acquire());
  EXPECT_EQ(browser.state, BrowserState::kAcquired);
  EXPECT_EQ(MachineOf(browser), VmState::kRunning);
  EXPECT_EQ(Status().acquired, 1u);
  EXPECT_EQ(Status().available, kSize - 1);
}

TEST_F(PoolLifeTest, TakesABrowserBackAsItIs) {
  ORCH_ASSERT_OK_AND_ASSIGN(const Browser browser, Acquire());
  ORCH_ASSERT_OK(daemon_.host().SetMemory(*browser.vm, kWork));
  ORCH_ASSERT_OK(Release(browser.id, Reuse::kKeep));
  ORCH_ASSERT_OK_AND_ASSIGN(const Browser idle, daemon_.registry().records().GetLive(browser.id));
  EXPECT_EQ(idle.state, BrowserState::kReady);
  EXPECT_EQ(MachineOf(idle), VmState::kPaused);
  EXPECT_EQ(MemoryOf(idle), kWork);
  EXPECT_EQ(Status().available, kSize);
}

TEST_F(PoolLifeTest, PutsACloneOfTheTemplateInThePlaceOfOneThatIsReset) {
  ORCH_ASSERT_OK_AND_ASSIGN(const Browser browser, Acquire());
  ORCH_ASSERT_OK(daemon_.host().SetMemory(*browser.vm, kWork));
  ORCH_ASSERT_OK(Release(browser.id, Reuse::kReset));
  EXPECT_EQ(AwaitEnd(browser.id).state, BrowserState::kDeleted);
  AwaitIdle(kSize);
  for (const Browser& other : Live()) EXPECT_NE(MemoryOf(other), kWork);
  EXPECT_FALSE(daemon_.host().Get(*browser.vm).ok());
}

TEST_F(PoolLifeTest, ReplacesAnIdleBrowserWhoseMachineDies) {
  const Browser victim = Live().front();
  ORCH_ASSERT_OK(daemon_.host().Kill(*victim.vm, "it crashed"));
  const Browser ended = AwaitEnd(victim.id);
  EXPECT_EQ(ended.state, BrowserState::kFailed);
  EXPECT_THAT(ended.failure_reason, ::testing::HasSubstr("it crashed"));
  AwaitIdle(kSize);
}

TEST_F(PoolLifeTest, ReplacesAnAcquiredBrowserWhoseMachineDies) {
  ORCH_ASSERT_OK_AND_ASSIGN(const Browser browser, Acquire());
  ORCH_ASSERT_OK(daemon_.host().Kill(*browser.vm, "it crashed"));
  EXPECT_EQ(AwaitEnd(browser.id).state, BrowserState::kFailed);
  AwaitIdle(kSize);
  EXPECT_EQ(Status().acquired, 0u);
  EXPECT_THAT(Release(browser.id, Reuse::kKeep), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(PoolLifeTest, HandsOutAnotherOneWhenTheFirstCannotBeResumed) {
  daemon_.faults().FailNext(Fault::kResume);
  ORCH_ASSERT_OK_AND_ASSIGN(const Browser browser, Acquire());
  EXPECT_EQ(MachineOf(browser), VmState::kRunning);
  AwaitIdle(kSize - 1);
}

TEST_F(PoolLifeTest, WakesASleepingBrowserThatIsReleased) {
  ORCH_ASSERT_OK_AND_ASSIGN(const Browser browser, Acquire());
  ORCH_ASSERT_OK(daemon_.host().SetMemory(*browser.vm, kWork));
  const auto asleep = Await<BrowserAnswer>([&](auto done) {
    daemon_.registry().Standby(browser.id, StandbyLevel::kDisk, kPatience, std::move(done));
  });
  ORCH_ASSERT_OK(asleep.status());
  ORCH_ASSERT_OK(Release(browser.id, Reuse::kKeep));
  ORCH_ASSERT_OK_AND_ASSIGN(const Browser idle, daemon_.registry().records().GetLive(browser.id));
  EXPECT_EQ(MachineOf(idle), VmState::kPaused);
  EXPECT_EQ(MemoryOf(idle), kWork);
}

TEST_F(PoolLifeTest, LosesNobodysBrowserWhenTheDaemonIsKilled) {
  ORCH_ASSERT_OK_AND_ASSIGN(const Browser browser, Acquire());
  ORCH_ASSERT_OK(daemon_.host().SetMemory(*browser.vm, kWork));
  daemon_.Kill();
  daemon_.Start();
  EXPECT_EQ(Status().acquired, 1u);
  EXPECT_EQ(Status().available, kSize - 1);
  ORCH_ASSERT_OK_AND_ASSIGN(const Browser held, daemon_.registry().records().GetLive(browser.id));
  EXPECT_EQ(MemoryOf(held), kWork);
  ORCH_EXPECT_OK(Release(browser.id, Reuse::kKeep));
}

TEST_F(PoolLifeTest, EndsItsBrowsersWhenItIsDeleted) {
  const std::vector<Browser> browsers = Live();
  ORCH_ASSERT_OK(Await<absl::Status>(
      [&](auto done) { daemon_.pools().DeletePool("p", /*force=*/false, std::move(done)); }));
  for (const Browser& browser : browsers) {
    EXPECT_EQ(AwaitEnd(browser.id).state, BrowserState::kDeleted);
    EXPECT_FALSE(daemon_.host().Get(*browser.vm).ok());
  }
}

}  // namespace
}  // namespace orch::testing
