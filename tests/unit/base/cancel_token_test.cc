#include "orchestrator/base/cancel_token.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/support/status_matchers.h"

namespace orch {
namespace {

using ::orch::testing::StatusIs;

TEST(CancelTokenTest, KeepsTheFirstReason) {
  CancelToken token;
  ORCH_EXPECT_OK(token.status());
  token.Cancel(absl::AbortedError("first"));
  token.Cancel(absl::UnavailableError("second"));
  EXPECT_THAT(token.status(), StatusIs(absl::StatusCode::kAborted, "first"));
}

TEST(CancelTokenTest, InterruptsWhatRuns) {
  CancelToken token;
  int interrupted = 0;
  CancelToken::Interruption interruption(token, [&] { ++interrupted; });
  EXPECT_EQ(interrupted, 0);
  token.Cancel(absl::AbortedError("stop"));
  token.Cancel(absl::AbortedError("stop"));
  EXPECT_EQ(interrupted, 1);
}

TEST(CancelTokenTest, InterruptsAtOnceWhatBeginsTooLate) {
  CancelToken token;
  token.Cancel(absl::AbortedError("stop"));
  int interrupted = 0;
  CancelToken::Interruption interruption(token, [&] { ++interrupted; });
  EXPECT_EQ(interrupted, 1);
}

TEST(CancelTokenTest, DoesNotInterruptWhatHasEnded) {
  CancelToken token;
  int interrupted = 0;
  {
    CancelToken::Interruption interruption(token, [&] { ++interrupted; });
  }
  token.Cancel(absl::AbortedError("stop"));
  EXPECT_EQ(interrupted, 0);
}

}  // namespace
}  // namespace orch
