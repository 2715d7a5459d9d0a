#include "orchestrator/browser/browser_records.h"

#include <memory>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/store/fake/fake_state_store.h"
#include "tests/support/fake_clock.h"
#include "tests/support/faults.h"
#include "tests/support/status_matchers.h"

namespace orch {
namespace {

using ::orch::testing::FakeClock;
using ::orch::testing::Fault;
using ::orch::testing::Faults;
using ::orch::testing::FaultyStateStore;
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

class BrowserRecordsInDoubtTest : public ::testing::Test {
 protected:
  Browser NewBrowser() const {
    Browser browser{.id = SessionId::Generate()};
    browser.created_at = clock_.Now();
    return browser;
  }

  FakeClock clock_{absl::FromUnixSeconds(1'000'000)};
  FakeStateStore store_;
  Faults faults_;
  FaultyStateStore faulty_store_{store_, faults_};
  BrowserRecords records_{faulty_store_, clock_};
};

TEST_F(BrowserRecordsInDoubtTest, IsInDoubtFromAFailedWriteToTheNextOne) {
  const Browser browser = NewBrowser();
  ORCH_ASSERT_OK(records_.Insert(browser));
  EXPECT_FALSE(records_.IsInDoubt(browser.id));
  faults_.FailNext(Fault::kPutBrowser);
  EXPECT_FALSE(records_.Transition(browser.id, BrowserState::kReady).ok());
  EXPECT_TRUE(records_.IsInDoubt(browser.id));
  ORCH_EXPECT_OK(records_.Transition(browser.id, BrowserState::kReady).status());
  EXPECT_FALSE(records_.IsInDoubt(browser.id));
}

TEST_F(BrowserRecordsInDoubtTest, TakesBackAWriteOfWhichOnlyTheAnswerWasLost) {
  const Browser browser = NewBrowser();
  ORCH_ASSERT_OK(records_.Insert(browser));
  faults_.FailNext(Fault::kPutBrowser, /*after=*/true);
  EXPECT_FALSE(records_.Transition(browser.id, BrowserState::kReady).ok());
  EXPECT_EQ(store_.GetBrowser(browser.id)->state, BrowserState::kReady);
  ORCH_EXPECT_OK(records_.Settle(browser.id));
  EXPECT_EQ(store_.GetBrowser(browser.id)->state, BrowserState::kCreating);
  EXPECT_FALSE(records_.IsInDoubt(browser.id));
}

TEST_F(BrowserRecordsInDoubtTest, StaysInDoubtWhenItCannotBeSettled) {
  const Browser browser = NewBrowser();
  ORCH_ASSERT_OK(records_.Insert(browser));
  faults_.FillDisk();
  EXPECT_FALSE(records_.Transition(browser.id, BrowserState::kReady).ok());
  EXPECT_THAT(records_.Settle(browser.id), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_TRUE(records_.IsInDoubt(browser.id));
}

TEST_F(BrowserRecordsInDoubtTest, EndsAnInsertOfWhichOnlyTheAnswerWasLost) {
  const Browser browser = NewBrowser();
  faults_.FailNext(Fault::kPutBrowser, /*after=*/true);
  EXPECT_FALSE(records_.Insert(browser).ok());
  EXPECT_EQ(store_.GetBrowser(browser.id)->state, BrowserState::kFailed);
  EXPECT_TRUE(records_.Live().empty());
}

TEST_F(BrowserRecordsInDoubtTest, EndsSuchAnInsertLaterWhenItCannotAtOnce) {
  const Browser browser = NewBrowser();
  faults_.FailNext(Fault::kPutBrowser, /*after=*/true);
  faults_.FailNext(Fault::kPutBrowser);
  EXPECT_FALSE(records_.Insert(browser).ok());
  EXPECT_EQ(store_.GetBrowser(browser.id)->state, BrowserState::kCreating);
  records_.SettleInserts();
  EXPECT_EQ(store_.GetBrowser(browser.id)->state, BrowserState::kFailed);
}

TEST_F(BrowserRecordsInDoubtTest, LeavesNothingOfAnInsertThatHadNoEffect) {
  const Browser browser = NewBrowser();
  faults_.FailNext(Fault::kPutBrowser);
  EXPECT_FALSE(records_.Insert(browser).ok());
  records_.SettleInserts();
  EXPECT_THAT(store_.GetBrowser(browser.id), StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace orch
