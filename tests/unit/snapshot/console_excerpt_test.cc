#include "orchestrator/snapshot/console_excerpt.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace orch {
namespace {

TEST(ConsoleExcerptTest, IsEmptyForASilentConsole) { EXPECT_EQ(ConsoleExcerpt("\r\n \n"), ""); }

TEST(ConsoleExcerptTest, KeepsTheLastEightLines) {
  std::string console;
  for (int i = 1; i <= 20; ++i) absl::StrAppend(&console, "line ", i, "\r\n");
  EXPECT_EQ(ConsoleExcerpt(console),
            "line 13\nline 14\nline 15\nline 16\nline 17\nline 18\nline 19\nline 20");
}

TEST(ConsoleExcerptTest, EscapesWhatAHostileGuestWrites) {
  EXPECT_EQ(ConsoleExcerpt("\033[2Jgone\x07"), "\\x1b[2Jgone\\x07");
}

TEST(ConsoleExcerptTest, CutsLongLines) {
  EXPECT_EQ(ConsoleExcerpt(std::string(100'000, 'x')).size(), 200u);
}

}  // namespace
}  // namespace orch
