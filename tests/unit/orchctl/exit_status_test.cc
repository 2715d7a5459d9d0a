#include "orchestrator/orchctl/exit_status.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/support/status_matchers.h"

namespace orch::ctl {
namespace {

using ::orch::testing::StatusIs;

guest::v1::Process Ended(guest::v1::ProcessStatus status, int exit_code, int signal) {
  guest::v1::Process process;
  process.set_status(status);
  process.set_exit_code(exit_code);
  process.set_signal(signal);
  return process;
}

TEST(ExitStatusTest, PassesExitCodesOn) {
  EXPECT_EQ(*ExitStatusOf(Ended(guest::v1::PROCESS_STATUS_EXITED, 0, 0)), 0);
  EXPECT_EQ(*ExitStatusOf(Ended(guest::v1::PROCESS_STATUS_EXITED, 255, 0)), 255);
}

TEST(ExitStatusTest, AddsSignalsTo128) {
  EXPECT_EQ(*ExitStatusOf(Ended(guest::v1::PROCESS_STATUS_KILLED, 0, 15)), 143);
}

TEST(ExitStatusTest, IsThatOfTimeoutWhenTheTimeoutPassed) {
  EXPECT_EQ(*ExitStatusOf(Ended(guest::v1::PROCESS_STATUS_TIMED_OUT, 0, 9)), 124);
}

TEST(ExitStatusTest, RefusesWhatNoProcessCanHave) {
  for (const guest::v1::Process& process : {Ended(guest::v1::PROCESS_STATUS_EXITED, 256, 0),
                                            Ended(guest::v1::PROCESS_STATUS_EXITED, -1, 0),
                                            Ended(guest::v1::PROCESS_STATUS_KILLED, 0, 0),
                                            Ended(guest::v1::PROCESS_STATUS_KILLED, 0, 200),
                                            Ended(guest::v1::PROCESS_STATUS_UNSPECIFIED, 0, 0)}) {
    EXPECT_THAT(ExitStatusOf(process), StatusIs(absl::StatusCode::kInternal));
  }
  EXPECT_THAT(ExitStatusOf(Ended(guest::v1::PROCESS_STATUS_RUNNING, 0, 0)),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

}  // namespace
}  // namespace orch::ctl
