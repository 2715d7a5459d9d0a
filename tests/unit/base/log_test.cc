#include "orchestrator/base/log.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace orch {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

// One test, because InitLogging is called once in a process.
TEST(LogTest, WritesEscapedFieldsAndLeavesOutLowerLevels) {
  ::testing::internal::CaptureStderr();
  InitLogging(LogLevel::kInfo);
  Log(LogLevel::kInfo, "plain", {{"id", "abc-1"}, {"count", 7}, {"ok", absl::OkStatus()}});
  Log(LogLevel::kError, "hostile",
      {{"v", "a\nfake id=1"}, {"q", "\"\\"}, {"e", ""}, {"b", "\x1b[2J\xff"}});
  Log(LogLevel::kDebug, "unseen");
  const std::string output = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(output, HasSubstr(" I plain id=abc-1 count=7 ok=OK\n"));
  EXPECT_THAT(
      output,
      EndsWith(" E hostile v=\"a\\nfake id=1\" q=\"\\\"\\\\\" e=\"\" b=\"\\x1b[2J\\xff\"\n"));
  EXPECT_THAT(output, Not(HasSubstr("unseen")));
}

}  // namespace
}  // namespace orch
