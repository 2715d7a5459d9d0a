#include "orchestrator/model/browser_state.h"

#include <set>
#include <string>
#include <utility>

#include "gtest/gtest.h"

namespace orch {
namespace {

using S = BrowserState;

// Every legal transition, written down a second time on purpose; all other pairs are illegal.
const std::set<std::pair<S, S>> kLegal = {
    {S::kCreating, S::kReady},   {S::kCreating, S::kDeleting}, {S::kCreating, S::kFailed},
    {S::kReady, S::kAcquired},   {S::kReady, S::kDeleting},    {S::kReady, S::kFailed},
    {S::kAcquired, S::kReady},   {S::kAcquired, S::kStandby},  {S::kAcquired, S::kDeleting},
    {S::kAcquired, S::kFailed},  {S::kStandby, S::kAcquired},  {S::kStandby, S::kDeleting},
    {S::kReady, S::kStandby},    {S::kStandby, S::kReady},     {S::kStandby, S::kFailed},
    {S::kDeleting, S::kDeleted}, {S::kDeleting, S::kFailed},
};

TEST(BrowserStateTest, AllowsExactlyTheLegalTransitions) {
  for (const S from : kAllBrowserStates) {
    for (const S to : kAllBrowserStates) {
      EXPECT_EQ(IsLegalTransition(from, to), kLegal.count({from, to}) > 0)
          << ToString(from) << " -> " << ToString(to);
    }
  }
}

TEST(BrowserStateTest, LeavesEveryStateButTheTerminalOnes) {
  for (const S from : kAllBrowserStates) {
    bool leaves = false;
    for (const S to : kAllBrowserStates) leaves = leaves || IsLegalTransition(from, to);
    EXPECT_EQ(leaves, !IsTerminal(from)) << ToString(from);
  }
}

TEST(BrowserStateTest, CallsOnlyRunningGuests) {
  const std::set<S> callable = {S::kReady, S::kAcquired};
  const std::set<S> terminal = {S::kDeleted, S::kFailed};
  for (const S state : kAllBrowserStates) {
    EXPECT_EQ(IsCallable(state), callable.count(state) > 0) << ToString(state);
    EXPECT_EQ(IsTerminal(state), terminal.count(state) > 0) << ToString(state);
  }
}

TEST(BrowserStateTest, KeepsNumbersAndNames) {
  const std::string names[] = {"CREATING", "READY",   "ACQUIRED", "STANDBY",
                               "DELETING", "DELETED", "FAILED"};
  for (int number = 1; number <= 7; ++number) {
    const std::optional<S> state = BrowserStateFromNumber(number);
    ASSERT_TRUE(state.has_value()) << number;
    EXPECT_EQ(static_cast<int>(*state), number);
    EXPECT_EQ(ToString(*state), names[number - 1]);
    EXPECT_EQ(kAllBrowserStates[static_cast<size_t>(number - 1)], *state);
  }
  for (const int number : {-2147483647, -1, 0, 8, 99}) {
    EXPECT_FALSE(BrowserStateFromNumber(number).has_value()) << number;
  }
}

}  // namespace
}  // namespace orch
