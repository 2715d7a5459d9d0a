#include "orchestrator/base/subprocess.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/support/status_matchers.h"

namespace orch {
namespace {

using orch::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr absl::Duration kLong = absl::Minutes(1);

TEST(SubprocessTest, ReturnsOutputOfBothStreams) {
  ORCH_ASSERT_OK_AND_ASSIGN(const std::string output,
                            RunProgram({"sh", "-c", "echo out; echo err >&2; cat"}, kLong));
  EXPECT_EQ(output, "out\nerr\n");
}

TEST(SubprocessTest, TakesInfiniteTimeout) {
  ORCH_EXPECT_OK(RunProgram({"sh", "-c", "sleep 0.05"}, absl::InfiniteDuration()));
}

TEST(SubprocessTest, SaysNotFoundForMissingProgram) {
  EXPECT_THAT(RunProgram({"no-such-program-here"}, kLong),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("no-such-program-here")));
}

TEST(SubprocessTest, ReportsExitStatusSignalAndOutput) {
  EXPECT_THAT(
      RunProgram({"sh", "-c", "echo why; exit 3"}, kLong),
      StatusIs(absl::StatusCode::kInternal, AllOf(HasSubstr("status 3"), HasSubstr("why"))));
  EXPECT_THAT(RunProgram({"sh", "-c", "kill -9 $$"}, kLong),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("signal 9")));
}

TEST(SubprocessTest, CutsOutput) {
  ORCH_ASSERT_OK_AND_ASSIGN(const std::string output,
                            RunProgram({"head", "-c", "1000000", "/dev/zero"}, kLong));
  EXPECT_EQ(output.size(), 65536u);
}

TEST(SubprocessTest, KillsAtTimeout) {
  EXPECT_THAT(RunProgram({"sleep", "1000"}, absl::Milliseconds(50)),
              StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("sleep")));
}

TEST(SubprocessTest, KillsAtTimeoutWhatClosedItsOutput) {
  EXPECT_THAT(RunProgram({"sh", "-c", "exec sleep 1000 >&- 2>&-"}, absl::Milliseconds(50)),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
}

}  // namespace
}  // namespace orch
