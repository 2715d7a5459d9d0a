#include "orchestrator/metrics/process_memory.h"

#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/base/files.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace orch {
namespace {

using ::orch::testing::FakeClock;
using ::orch::testing::StatusIs;
using ::orch::testing::TempDir;

constexpr char kRollup[] =
    "55d0c0a00000-7ffd0a1f4000 ---p 00000000 00:00 0                          [rollup]\n"
    "Rss:              602112 kB\n"
    "Pss:              201000 kB\n"
    "Pss_Dirty:        110000 kB\n"
    "Shared_Clean:     490000 kB\n"
    "Shared_Dirty:        112 kB\n"
    "Private_Clean:      2000 kB\n"
    "Private_Dirty:    110000 kB\n"
    "Referenced:       602112 kB\n"
    "Swap:                 64 kB\n"
    "SwapPss:              64 kB\n";

TEST(ParseSmapsRollupTest, ReadsWhatTheKernelWrites) {
  ORCH_ASSERT_OK_AND_ASSIGN(const MemoryUse use, ParseSmapsRollup(kRollup));
  EXPECT_EQ(use, (MemoryUse{.rss = 602112 * 1024,
                            .pss = 201000 * 1024,
                            .shared = 490112 * 1024,
                            .unique = 112000 * 1024,
                            .swap = 64 * 1024}));
}

TEST(ParseSmapsRollupTest, RefusesWhatItIsNot) {
  for (const char* text : {"", "Rss: 1 kB\n", "Pss: 1 kB\n", "Rss: 1 MB\nPss: 1 kB\n",
                           "Rss: -1 kB\nPss: 1 kB\n", "Rss: 99999999999 kB\nPss: 1 kB\n"}) {
    EXPECT_THAT(ParseSmapsRollup(text), StatusIs(absl::StatusCode::kInvalidArgument)) << text;
  }
}

// A /proc of made-up processes, each with as many bytes as its number of KiB says.
class ProcessMemoryTest : public ::testing::Test {
 protected:
  void SetKib(int64_t pid, int kib) {
    std::filesystem::create_directories(proc_.File(absl::StrCat(pid)));
    ORCH_ASSERT_OK(WriteFileAtomically(proc_.File(absl::StrCat(pid, "/smaps_rollup")),
                                       absl::StrCat("Rss: ", kib, " kB\nPss: ", kib, " kB\n")));
  }

  uint64_t RssKib(const std::vector<int64_t>& pids) { return memory_.Measure(pids).use.rss / 1024; }

  TempDir proc_;
  FakeClock clock_{absl::FromUnixSeconds(1)};
  ProcessMemory memory_{{.proc_dir = proc_.path(), .max_age = absl::Seconds(10), .max_reads = 2},
                        clock_};
};

TEST_F(ProcessMemoryTest, AddsUpAllProcesses) {
  SetKib(1, 10);
  SetKib(2, 20);
  const ProcessMemory::Total total = memory_.Measure({1, 2});
  EXPECT_EQ(total.measured, 2u);
  EXPECT_EQ(total.use.rss, 30u * 1024);
}

TEST_F(ProcessMemoryTest, ReadsAProcessAgainOnlyWhenItsValueIsOld) {
  SetKib(1, 10);
  EXPECT_EQ(RssKib({1}), 10u);
  SetKib(1, 50);
  clock_.Step(absl::Hours(1));
  clock_.Advance(absl::Seconds(9));
  EXPECT_EQ(RssKib({1}), 10u);
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(RssKib({1}), 50u);
}

TEST_F(ProcessMemoryTest, ReadsSoManyAtOnceAndTheOldestFirst) {
  for (int pid = 1; pid <= 3; ++pid) SetKib(pid, 10);
  EXPECT_EQ(memory_.Measure({1, 2, 3}).measured, 2u);
  clock_.Advance(absl::Seconds(10));
  SetKib(1, 50);
  // 3, which was never read, and one of the others.
  EXPECT_EQ(memory_.Measure({1, 2, 3}).measured, 3u);
  EXPECT_EQ(RssKib({1, 2, 3}), 10u + 10 + 50);
}

TEST_F(ProcessMemoryTest, LeavesOutProcessesThatHaveEnded) {
  SetKib(1, 10);
  EXPECT_EQ(memory_.Measure({1, 2}).measured, 1u);
  std::filesystem::remove_all(proc_.File("1"));
  clock_.Advance(absl::Seconds(10));
  EXPECT_EQ(memory_.Measure({1, 2}).measured, 0u);
}

TEST_F(ProcessMemoryTest, ForgetsWhatIsNotAskedFor) {
  SetKib(1, 10);
  SetKib(2, 20);
  EXPECT_EQ(RssKib({1, 2}), 30u);
  EXPECT_EQ(RssKib({2}), 20u);
}

TEST(ProcessMemoryOfThisHostTest, MeasuresThisProcess) {
  const SystemClock clock;
  ProcessMemory memory({}, clock);
  const ProcessMemory::Total total = memory.Measure({::getpid()});
  EXPECT_EQ(total.measured, 1u);
  EXPECT_GE(total.use.rss, total.use.pss);
  EXPECT_EQ(total.use.rss, total.use.shared + total.use.unique);
  EXPECT_GT(total.use.unique, 0u);
}

}  // namespace
}  // namespace orch
