#include "orchestrator/agent/supervisor/program_log.h"

#include <string>

#include "gtest/gtest.h"

#include "orchestrator/base/files.h"
#include "tests/support/temp_dir.h"

namespace orch::agent {
namespace {

using ::orch::testing::TempDir;

TEST(ProgramLogTest, KeepsTheTailInMemory) {
  ProgramLog log("", "x");
  for (int i = 0; i < 100; ++i) log.Append(std::string(10000, static_cast<char>('a' + i % 26)));
  EXPECT_EQ(log.tail().size(), ProgramLog::kTailBytes);
  EXPECT_EQ(log.tail().back(), static_cast<char>('a' + 99 % 26));
}

TEST(ProgramLogTest, RotatesItsFile) {
  TempDir directory;
  ProgramLog log(directory.path(), "x", 10);
  log.Append("1234567");
  log.Append("89abcd");
  EXPECT_EQ(ReadFile(directory.File("x.log"), 100).value_or(""), "89abcd");
  EXPECT_EQ(ReadFile(directory.File("x.log.1"), 100).value_or(""), "1234567");
}

TEST(ProgramLogTest, GivesTheLastLine) {
  ProgramLog log("", "x");
  EXPECT_EQ(log.LastLine(), "");
  log.Append("first\nsecond\n\n");
  EXPECT_EQ(log.LastLine(), "second");
}

}  // namespace
}  // namespace orch::agent
