#include "orchestrator/browser/idle_tracker.h"

#include "gtest/gtest.h"

#include "tests/support/fake_clock.h"

namespace orch {
namespace {

using ::orch::testing::FakeClock;

class IdleTrackerTest : public ::testing::Test {
 protected:
  IdleTrackerTest() {
    browser_.state = BrowserState::kReady;
    browser_.spec.timeout = absl::Hours(1);
    browser_.spec.standby_after = absl::Seconds(8);
  }

  IdleStep Next() const { return idle_.Next(browser_, /*active=*/false, /*can_deepen=*/true); }

  FakeClock clock_{absl::FromUnixSeconds(1'000'000)};
  IdleTracker idle_{clock_, /*deepen_after=*/absl::Seconds(60)};
  Browser browser_{.id = SessionId::Generate()};
};

TEST_F(IdleTrackerTest, CountsFromTheLastActivity) {
  clock_.Advance(absl::Seconds(7));
  idle_.NoteActivity();
  clock_.Advance(absl::Seconds(2));
  EXPECT_EQ(Next().action, IdleAction::kPause);
  EXPECT_EQ(Next().in, absl::Seconds(6));
}

TEST_F(IdleTrackerTest, DeepensSomeTimeAfterThePause) {
  browser_.state = BrowserState::kStandby;
  browser_.standby_level = StandbyLevel::kPaused;
  clock_.Advance(absl::Seconds(10));
  idle_.NotePaused();
  EXPECT_EQ(Next().action, IdleAction::kDeepen);
  EXPECT_EQ(Next().in, absl::Seconds(60));
}

TEST_F(IdleTrackerTest, TriesAgainSomeTimeAfterAFailure) {
  clock_.Advance(absl::Seconds(8));
  idle_.NoteFailure();
  EXPECT_EQ(Next().action, IdleAction::kPause);
  EXPECT_EQ(Next().in, IdleTracker::kRetry);
}

TEST_F(IdleTrackerTest, DeletesInTimeAllTheSameWhenItIsNotDeepened) {
  browser_.state = BrowserState::kStandby;
  browser_.standby_level = StandbyLevel::kPaused;
  idle_.NotePaused();
  const IdleStep step = idle_.Next(browser_, /*active=*/false, /*can_deepen=*/false);
  EXPECT_EQ(step.action, IdleAction::kDelete);
  EXPECT_EQ(step.in, absl::Hours(1));
}

}  // namespace
}  // namespace orch
