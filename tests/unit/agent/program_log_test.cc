#include "orchestrator/agent/supervisor/program_log.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/base/files.h"
#include "tests/support/temp_dir.h"

namespace orch::agent {
namespace {

using ::orch::testing::TempDir;
using ::testing::ElementsAre;
using ::testing::Pair;

constexpr absl::Time kTime = absl::FromUnixSeconds(1);

TEST(ProgramLogTest, KeepsTheLatestInMemory) {
  ProgramLog log("", "x");
  for (int i = 0; i < 100; ++i) {
    log.Append(std::string(10000, static_cast<char>('a' + i % 26)), kTime);
  }
  const ProgramLog::History history = log.ReadHistory();
  EXPECT_LE(history.text.size(), ProgramLog::kRingBytes);
  EXPECT_GT(history.text.size(), ProgramLog::kRingBytes / 2);
  EXPECT_EQ(history.text.back(), static_cast<char>('a' + 99 % 26));
}

TEST(ProgramLogTest, ReadsWhatIsOlderFromDisk) {
  TempDir directory;
  ASSERT_TRUE(WriteFileAtomically(directory.File("x.log.1"), "oldest\n", 0644).ok());
  ASSERT_TRUE(WriteFileAtomically(directory.File("x.log"), "older\n", 0644).ok());
  ProgramLog log(directory.path(), "x");
  log.Append("new\n", kTime);
  log.Append("newer\n", kTime + absl::Seconds(1));
  const ProgramLog::History history = log.ReadHistory();
  EXPECT_EQ(history.text, "oldest\nolder\nnew\nnewer\n");
  EXPECT_THAT(history.times, ElementsAre(Pair(13, kTime), Pair(17, kTime + absl::Seconds(1))));
}

TEST(ProgramLogTest, TellsItsReaders) {
  ProgramLog log("", "x");
  log.Append("before", kTime);
  int changes = 0;
  const auto subscription = log.Subscribe([&] { ++changes; });
  const auto reader = log.AddReader();
  log.Append("after", kTime);
  EXPECT_EQ(changes, 1);
  EXPECT_EQ(log.ReadNext(reader).chunk->bytes, "after");
  log.Unsubscribe(subscription);
  log.Append("more", kTime);
  EXPECT_EQ(changes, 1);
}

TEST(ProgramLogTest, RotatesItsFile) {
  TempDir directory;
  ProgramLog log(directory.path(), "x", 10);
  log.Append("1234567", kTime);
  log.Append("89abcd", kTime);
  EXPECT_EQ(ReadFile(directory.File("x.log"), 100).value_or(""), "89abcd");
  EXPECT_EQ(ReadFile(directory.File("x.log.1"), 100).value_or(""), "1234567");
}

TEST(ProgramLogTest, GivesTheLastLine) {
  ProgramLog log("", "x");
  EXPECT_EQ(log.LastLine(), "");
  log.Append("first\nsecond\n\n", kTime);
  EXPECT_EQ(log.LastLine(), "second");
}

}  // namespace
}  // namespace orch::agent
