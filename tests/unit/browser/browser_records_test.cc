#include "orchestrator/browser/browser_records.h"

#include <memory>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/store/fake/fake_state_store.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"

namespace orch {
namespace {

using ::orch::testing::FakeClock;
using ::orch::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class BrowserRecordsTest : public ::testing::Test {
 protected:
  Browser Insert() {
    Browser browser{.id = SessionId::Generate()};
    browser.created_at = clock_.Now();
    ORCH_EXPECT_OK(records_.Insert(browser));
    return browser;
  }

  FakeClock clock_{absl::FromUnixSeconds(1'000'000)};
  FakeStateStore store_;
  BrowserRecords records_{store_, clock_};
};

TEST_F(BrowserRecordsTest, SetsTheTimesThatGoWithAState) {
  const Browser browser = Insert();
  clock_.Advance(absl::Seconds(5));
  ORCH_ASSERT_OK_AND_ASSIGN(Browser ready, records_.Transition(browser.id, BrowserState::kReady));
  EXPECT_EQ(ready.ready_at, clock_.Now());
  clock_.Advance(absl::Seconds(5));
  ORCH_ASSERT_OK_AND_ASSIGN(
      Browser failed, records_.Transition(browser.id, BrowserState::kFailed, "its machine ended"));
  EXPECT_EQ(failed.ended_at, clock_.Now());
  EXPECT_EQ(failed.failure_reason, "its machine ended");
}

TEST_F(BrowserRecordsTest, RefusesWhatTheTableForbids) {
  const Browser browser = Insert();
  EXPECT_THAT(records_.Transition(browser.id, BrowserState::kStandby),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("is CREATING and cannot become STANDBY")));
}

TEST_F(BrowserRecordsTest, ChangesNothingWhenTheStoreRefuses) {
  const Browser browser = Insert();
  store_.FailWrites(absl::UnavailableError("disk full"));
  EXPECT_THAT(records_.Transition(browser.id, BrowserState::kReady),
              StatusIs(absl::StatusCode::kUnavailable));
  store_.FailWrites(absl::OkStatus());
  ORCH_ASSERT_OK_AND_ASSIGN(Browser unchanged, records_.GetLive(browser.id));
  EXPECT_EQ(unchanged.state, BrowserState::kCreating);
}

TEST_F(BrowserRecordsTest, KeepsTheRecordOfAnEndedBrowser) {
  const Browser browser = Insert();
  ORCH_ASSERT_OK(records_.Transition(browser.id, BrowserState::kDeleting));
  ORCH_ASSERT_OK(records_.Transition(browser.id, BrowserState::kDeleted));
  EXPECT_THAT(records_.GetLive(browser.id), StatusIs(absl::StatusCode::kNotFound));
  ORCH_ASSERT_OK_AND_ASSIGN(Browser ended, records_.Get(browser.id));
  EXPECT_EQ(ended.state, BrowserState::kDeleted);
}

TEST_F(BrowserRecordsTest, LoadsLiveRecordsOnly) {
  const Browser live = Insert();
  const Browser ended = Insert();
  ORCH_ASSERT_OK(records_.Transition(ended.id, BrowserState::kFailed, "x"));
  BrowserRecords restarted(store_, clock_);
  ORCH_ASSERT_OK(restarted.Load());
  ASSERT_EQ(restarted.Live().size(), 1u);
  EXPECT_EQ(restarted.Live()[0].id, live.id);
}

TEST_F(BrowserRecordsTest, WatchShowsThePresentThenEveryChangeThenNothing) {
  const Browser browser = Insert();
  std::vector<BrowserState> seen;
  auto watch = records_.Watch([&](const Browser& b) { seen.push_back(b.state); });
  ORCH_ASSERT_OK(records_.Transition(browser.id, BrowserState::kReady));
  ORCH_ASSERT_OK(records_.Transition(browser.id, BrowserState::kDeleting));
  watch.reset();
  ORCH_ASSERT_OK(records_.Transition(browser.id, BrowserState::kDeleted));
  EXPECT_THAT(seen,
              ElementsAre(BrowserState::kCreating, BrowserState::kReady, BrowserState::kDeleting));
}

}  // namespace
}  // namespace orch
