#include "orchestrator/driver/accelerator_probe.h"

#include <fstream>

#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace orch {
namespace {

using ::orch::testing::StatusIs;
using ::orch::testing::TempDir;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr char kWithSvm[] = "processor\t: 0\nflags\t\t: fpu vme svm sse2\nbugs\t\t: none\n";
constexpr char kWithout[] = "processor\t: 0\nflags\t\t: fpu vme svm_lock\nmodel name\t: vmx\n";

TEST(AcceleratorProbeTest, FindsFlagsOnlyAmongFlags) {
  EXPECT_TRUE(CpuVirtualizes(kWithSvm));
  EXPECT_TRUE(CpuVirtualizes("flags\t\t: vmx\n"));
  EXPECT_FALSE(CpuVirtualizes(kWithout));
  EXPECT_FALSE(CpuVirtualizes(""));
}

TEST(AcceleratorProbeTest, ReadsTheHost) {
  const TempDir dir;
  std::ofstream(dir.File("kvm")) << "";
  std::ofstream(dir.File("cpuinfo")) << kWithSvm;
  const AcceleratorFacts facts = ProbeAccelerator(dir.File("kvm"), dir.File("cpuinfo"));
  ORCH_EXPECT_OK(facts.kvm_device);
  EXPECT_TRUE(facts.cpu_virtualizes);
  const AcceleratorFacts none = ProbeAccelerator(dir.File("no"), dir.File("no"));
  EXPECT_THAT(none.kvm_device, StatusIs(absl::StatusCode::kNotFound, HasSubstr(dir.File("no"))));
  EXPECT_FALSE(none.cpu_virtualizes);
}

TEST(AcceleratorProbeTest, AutoTakesKvmWhenDeviceAndFlagAreThere) {
  ORCH_ASSERT_OK_AND_ASSIGN(
      const AcceleratorDecision decision,
      DecideAccelerator(AcceleratorChoice::kAuto, {absl::OkStatus(), /*cpu_virtualizes=*/true}));
  EXPECT_EQ(decision.accelerator, Accelerator::kKvm);
}

TEST(AcceleratorProbeTest, AutoTakesTcgWhenOnlyTheDeviceIsThere) {
  ORCH_ASSERT_OK_AND_ASSIGN(
      const AcceleratorDecision decision,
      DecideAccelerator(AcceleratorChoice::kAuto, {absl::OkStatus(), /*cpu_virtualizes=*/false}));
  EXPECT_EQ(decision.accelerator, Accelerator::kTcg);
  EXPECT_THAT(decision.reason, HasSubstr("neither vmx nor svm"));
}

TEST(AcceleratorProbeTest, AutoTakesTcgWhenTheDeviceDoesNotOpen) {
  ORCH_ASSERT_OK_AND_ASSIGN(
      const AcceleratorDecision decision,
      DecideAccelerator(AcceleratorChoice::kAuto, {absl::PermissionDeniedError("no right"), true}));
  EXPECT_EQ(decision.accelerator, Accelerator::kTcg);
  EXPECT_EQ(decision.reason, "no right");
}

TEST(AcceleratorProbeTest, KvmAskedForIsRefusedWithTheReasonWhenItCannotWork) {
  EXPECT_THAT(DecideAccelerator(AcceleratorChoice::kKvm, {absl::OkStatus(), false}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("neither vmx nor svm"), HasSubstr("auto or tcg"))));
  EXPECT_THAT(DecideAccelerator(AcceleratorChoice::kKvm, {absl::NotFoundError("no device"), true}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("no device")));
}

TEST(AcceleratorProbeTest, TcgAskedForIsTakenWhereKvmWouldWork) {
  ORCH_ASSERT_OK_AND_ASSIGN(const AcceleratorDecision decision,
                            DecideAccelerator(AcceleratorChoice::kTcg, {absl::OkStatus(), true}));
  EXPECT_EQ(decision.accelerator, Accelerator::kTcg);
}

}  // namespace
}  // namespace orch
