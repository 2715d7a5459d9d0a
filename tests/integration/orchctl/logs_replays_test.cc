#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/base/files.h"
#include "tests/integration/orchctl/fake_daemon.h"
#include "tests/integration/orchctl/orchctl_process.h"

namespace orch::testing {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class OrchctlLogsReplaysTest : public ::testing::Test {
 protected:
  OrchctlProcess::Result Run(const std::vector<std::string>& arguments) {
    return RunOrchctl(daemon_.target(), arguments, "");
  }

  FakeDaemon daemon_;
};

TEST_F(OrchctlLogsReplaysTest, LogsPrintsLines) {
  const auto result = Run({"logs", "b1"});
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_EQ(result.out, "first\nsecond\nlonger\n");
  EXPECT_EQ(result.err, "orchctl: 9 bytes were lost here\n");
  EXPECT_EQ(daemon_.logs().last().program(), "chromium");
  EXPECT_TRUE(daemon_.logs().last().no_follow());
  EXPECT_FALSE(daemon_.logs().last().has_tail());
}

TEST_F(OrchctlLogsReplaysTest, LogsPrintsTimesWhereTheyAreKnown) {
  EXPECT_THAT(Run({"logs", "b1", "agent", "--times"}).out,
              AllOf(StartsWith("first\n2023-11-1"), EndsWith(" second\nlonger\n")));
  EXPECT_THAT(Run({"logs", "b1", "-o", "json"}).out, HasSubstr("\"text\":\"Zmlyc3Q=\""));
}

TEST_F(OrchctlLogsReplaysTest, LogsAsksForWhatWasTyped) {
  Run({"logs", "b1", "/var/log/x", "-f", "--tail", "5", "--user", "chromium"});
  const auto request = daemon_.logs().last();
  EXPECT_EQ(request.session_id(), "b1");
  EXPECT_EQ(request.path(), "/var/log/x");
  EXPECT_EQ(request.program(), "");
  EXPECT_EQ(request.as_user(), "chromium");
  EXPECT_EQ(request.tail(), 5u);
  EXPECT_FALSE(request.no_follow());
  EXPECT_EQ(Run({"logs", "b1", "agent", "--user", "x"}).exit_status, 2);
  const auto missing = Run({"logs", "b1", "missing"});
  EXPECT_EQ(missing.exit_status, 1);
  EXPECT_THAT(missing.err, HasSubstr("there are chromium, agent (NOT_FOUND)"));
}

TEST_F(OrchctlLogsReplaysTest, StartSendsLimitsAndPrintsAnId) {
  EXPECT_EQ(Run({"replays", "start", "b1"}).out, "r1\n");
  EXPECT_THAT(Run({"replays", "start", "b1", "--frame-rate", "25", "--max-duration", "90s",
                   "--max-size", "2", "-o", "json"})
                  .out,
              AllOf(HasSubstr("\"frame_rate\": 25"), HasSubstr("\"max_duration\": \"90s\""),
                    HasSubstr("\"max_bytes\": 2097152")));
}

TEST_F(OrchctlLogsReplaysTest, StopTellsOfARecordingThatFailed) {
  EXPECT_EQ(Run({"replays", "stop", "b1", "r1"}).exit_status, 0);
  const auto broken = Run({"replays", "stop", "b1", "broken"});
  EXPECT_EQ(broken.exit_status, 1);
  EXPECT_THAT(broken.err, HasSubstr("ffmpeg ended"));
}

TEST_F(OrchctlLogsReplaysTest, ListsInATable) {
  EXPECT_THAT(Run({"replays", "list", "b1"}).out,
              AllOf(StartsWith("REPLAY ID"), HasSubstr("COMPLETE"), HasSubstr("1m30s"),
                    HasSubstr("3.0 MiB")));
}

TEST_F(OrchctlLogsReplaysTest, DownloadsAFileThatExistsOnlyWhenItIsWhole) {
  const std::string file = daemon_.dir().File("x.mp4");
  const auto missing = Run({"replays", "download", "b1", "r9", "-O", file});
  EXPECT_EQ(missing.exit_status, 1);
  EXPECT_FALSE(ReadFile(file, 100).ok());
  EXPECT_EQ(Run({"replays", "download", "b1", "r1", "-O", file}).out, file + ": 5 bytes\n");
  EXPECT_EQ(ReadFile(file, 100).value_or(""), "video");
  EXPECT_EQ(Run({"replays", "download", "b1", "r1", "-O", "-"}).out, "video");
}

TEST_F(OrchctlLogsReplaysTest, Deletes) {
  EXPECT_EQ(Run({"replays", "delete", "b1", "r1"}).exit_status, 0);
  EXPECT_EQ(Run({"replays", "delete", "b1", "r9"}).exit_status, 1);
}

}  // namespace
}  // namespace orch::testing
