#include "orchestrator/browser/idle_policy.h"

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace orch {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(60);
constexpr absl::Duration kStandbyAfter = absl::Seconds(5);
constexpr absl::Duration kDeepenAfter = absl::Seconds(20);
constexpr absl::Duration kLittle = absl::Nanoseconds(1);

IdleFacts Facts(BrowserState state, StandbyLevel level = StandbyLevel::kNone) {
  return {.state = state,
          .level = level,
          .timeout = kTimeout,
          .standby_after = kStandbyAfter,
          .deepen_after = kDeepenAfter};
}

// Every state, level and pair of flags: what comes next of a browser that has just become idle.
TEST(IdlePolicyTest, DecidesForEveryStateLevelAndFlag) {
  for (const BrowserState state : kAllBrowserStates) {
    for (const StandbyLevel level :
         {StandbyLevel::kNone, StandbyLevel::kPaused, StandbyLevel::kDisk}) {
      for (const bool in_pool : {false, true}) {
        for (const bool active : {false, true}) {
          IdleFacts facts = Facts(state, level);
          facts.in_pool = in_pool;
          facts.active = active;
          IdleAction expected = IdleAction::kNone;
          if (!in_pool && !active) {
            if (IsCallable(state)) expected = IdleAction::kPause;
            if (state == BrowserState::kStandby) {
              expected = level == StandbyLevel::kPaused ? IdleAction::kDeepen : IdleAction::kDelete;
            }
          }
          const IdleStep step = NextIdleStep(facts);
          SCOPED_TRACE(absl::StrCat(ToString(state), " ", static_cast<int>(level), " ", in_pool,
                                    " ", active));
          EXPECT_EQ(step.action, expected);
          EXPECT_EQ(step.in == absl::InfiniteDuration(), expected == IdleAction::kNone);
        }
      }
    }
  }
}

TEST(IdlePolicyTest, PausesExactlyWhenItsTimeHasCome) {
  IdleFacts facts = Facts(BrowserState::kAcquired);
  facts.idle_for = kStandbyAfter - kLittle;
  EXPECT_EQ(NextIdleStep(facts).in, kLittle);
  facts.idle_for = kStandbyAfter;
  EXPECT_EQ(NextIdleStep(facts).action, IdleAction::kPause);
  EXPECT_EQ(NextIdleStep(facts).in, absl::ZeroDuration());
}

TEST(IdlePolicyTest, DeepensByTheTimeSinceThePause) {
  IdleFacts facts = Facts(BrowserState::kStandby, StandbyLevel::kPaused);
  facts.idle_for = absl::Seconds(30);
  facts.paused_for = kDeepenAfter - kLittle;
  EXPECT_EQ(NextIdleStep(facts).action, IdleAction::kDeepen);
  EXPECT_EQ(NextIdleStep(facts).in, kLittle);
}

TEST(IdlePolicyTest, DeletesExactlyWhenItsTimeHasCome) {
  IdleFacts facts = Facts(BrowserState::kStandby, StandbyLevel::kDisk);
  facts.idle_for = kTimeout - kLittle;
  EXPECT_EQ(NextIdleStep(facts).action, IdleAction::kDelete);
  EXPECT_EQ(NextIdleStep(facts).in, kLittle);
  facts.idle_for = kTimeout;
  EXPECT_EQ(NextIdleStep(facts).in, absl::ZeroDuration());
}

TEST(IdlePolicyTest, DeletesRatherThanPausesWhatBothAreDueFor) {
  IdleFacts facts = Facts(BrowserState::kReady);
  facts.idle_for = kTimeout;
  EXPECT_EQ(NextIdleStep(facts).action, IdleAction::kDelete);
}

TEST(IdlePolicyTest, DeletesRatherThanDeepensWhatBothAreDueFor) {
  IdleFacts facts = Facts(BrowserState::kStandby, StandbyLevel::kPaused);
  facts.idle_for = kTimeout + kLittle;
  facts.paused_for = kDeepenAfter + kLittle;
  EXPECT_EQ(NextIdleStep(facts).action, IdleAction::kDelete);
}

TEST(IdlePolicyTest, NeverPausesWhatNeverSleeps) {
  IdleFacts facts = Facts(BrowserState::kReady);
  facts.standby_after = absl::InfiniteDuration();
  facts.idle_for = absl::Seconds(59);
  EXPECT_EQ(NextIdleStep(facts).action, IdleAction::kDelete);
  EXPECT_EQ(NextIdleStep(facts).in, absl::Seconds(1));
}

TEST(IdlePolicyTest, NeverPutsOnDiskWhatKeepsItsMemory) {
  IdleFacts facts = Facts(BrowserState::kStandby, StandbyLevel::kPaused);
  facts.deepen_after = absl::InfiniteDuration();
  facts.paused_for = absl::Hours(1);
  EXPECT_EQ(NextIdleStep(facts).action, IdleAction::kDelete);
}

TEST(IdlePolicyTest, PausesAtOnceWhereThatIsWanted) {
  IdleFacts facts = Facts(BrowserState::kReady);
  facts.standby_after = absl::ZeroDuration();
  EXPECT_EQ(NextIdleStep(facts).action, IdleAction::kPause);
  EXPECT_EQ(NextIdleStep(facts).in, absl::ZeroDuration());
}

}  // namespace
}  // namespace orch
