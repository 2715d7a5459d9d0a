#include "orchestrator/agent/lifecycle/cpu_meter.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/base/files.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace orch::agent {
namespace {

using ::orch::testing::StatusIs;
using ::orch::testing::TempDir;
using ::testing::HasSubstr;

constexpr char kTwoProcessors[] =
    "cpu  1346 0 1113 720 61 0 27 0 0 0\n"
    "cpu0 700 0 600 300 30 0 27 0 0 0\n"
    "cpu1 646 0 513 420 31 0 0 0 0 0\n"
    "intr 5 1 2\n";

CpuSample Sample(double at, double idle, int processors) {
  return {.at = absl::Seconds(at), .idle = absl::Seconds(idle), .processors = processors};
}

TEST(BusyProcessorsTest, CountsWhatWasNotIdle) {
  EXPECT_DOUBLE_EQ(BusyProcessors(Sample(10, 4, 2), Sample(11, 6, 2)), 0);
  EXPECT_DOUBLE_EQ(BusyProcessors(Sample(10, 4, 2), Sample(12, 5, 2)), 1.5);
}

TEST(BusyProcessorsTest, IsNotNegativeWhenTheKernelRoundsUp) {
  EXPECT_DOUBLE_EQ(BusyProcessors(Sample(10, 4, 1), Sample(11, 5.01, 1)), 0);
}

TEST(ProcStatMeterTest, AddsIdleAndWaitingTimeOfAllProcessors) {
  TempDir directory;
  ORCH_ASSERT_OK(WriteFileAtomically(directory.File("stat"), kTwoProcessors));
  ORCH_ASSERT_OK_AND_ASSIGN(const CpuSample sample, ProcStatMeter(directory.File("stat")).Sample());
  EXPECT_EQ(sample.processors, 2);
  EXPECT_EQ(sample.idle, absl::Seconds(7.81));
}

TEST(ProcStatMeterTest, ReadsThisMachine) {
  ORCH_ASSERT_OK_AND_ASSIGN(const CpuSample sample, ProcStatMeter().Sample());
  EXPECT_GE(sample.processors, 1);
  EXPECT_GT(sample.at, absl::ZeroDuration());
}

TEST(ProcStatMeterTest, ReportsAFileWithoutProcessors) {
  TempDir directory;
  for (const std::string text : {"", "cpu  1 2 3\ncpu0 1 2 3\n", "cpu  1 2 3 4 5\n", "cpu0 1\n"}) {
    ORCH_ASSERT_OK(WriteFileAtomically(directory.File("stat"), text));
    EXPECT_THAT(ProcStatMeter(directory.File("stat")).Sample(),
                StatusIs(absl::StatusCode::kInternal, HasSubstr("how idle")))
        << text;
  }
}

}  // namespace
}  // namespace orch::agent
