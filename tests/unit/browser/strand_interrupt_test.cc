#include "orchestrator/browser/strand_interrupt.h"

#include "gtest/gtest.h"

#include "tests/support/status_matchers.h"

namespace orch {
namespace {

using ::orch::testing::StatusIs;

TEST(StrandInterruptTest, EndsWhatBlocksWhenItsMachineStops) {
  StrandInterrupt interrupt;
  const VmId vm = VmId::Generate();
  interrupt.BeginMachine(vm);
  const auto token = interrupt.token();
  EXPECT_TRUE(interrupt.MachineStopped(vm, absl::UnavailableError("it crashed")));
  EXPECT_THAT(token->status(), StatusIs(absl::StatusCode::kUnavailable));
}

TEST(StrandInterruptTest, IgnoresAMachineThatItDoesNotWorkWith) {
  StrandInterrupt interrupt;
  interrupt.BeginMachine(VmId::Generate());
  EXPECT_FALSE(interrupt.MachineStopped(VmId::Generate(), absl::UnavailableError("it crashed")));
  ORCH_EXPECT_OK(interrupt.token()->status());
}

TEST(StrandInterruptTest, BlocksAgainAfterItsMachineIsOver) {
  StrandInterrupt interrupt;
  const VmId vm = VmId::Generate();
  interrupt.BeginMachine(vm);
  interrupt.MachineStopped(vm, absl::UnavailableError("it crashed"));
  interrupt.EndMachine();
  ORCH_EXPECT_OK(interrupt.token()->status());
}

TEST(StrandInterruptTest, BlocksNoMoreUntilAllExpectedDeletionsHaveArrived) {
  StrandInterrupt interrupt;
  interrupt.ExpectDeletion(absl::AbortedError("deleted"));
  interrupt.ExpectDeletion(absl::AbortedError("deleted"));
  interrupt.DeletionArrived();
  interrupt.EndMachine();
  EXPECT_TRUE(interrupt.deletion_expected());
  EXPECT_THAT(interrupt.token()->status(), StatusIs(absl::StatusCode::kAborted));
  interrupt.DeletionArrived();
  EXPECT_FALSE(interrupt.deletion_expected());
  ORCH_EXPECT_OK(interrupt.token()->status());
}

}  // namespace
}  // namespace orch
