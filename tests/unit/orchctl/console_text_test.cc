#include "orchestrator/orchctl/format/console_text.h"

#include "gtest/gtest.h"

namespace orch::ctl {
namespace {

TEST(ConsoleTextTest, KeepsLinesAndTabsAndEscapesTheRest) {
  ConsoleText text;
  EXPECT_EQ(text.Add("a\tb\r\nc\n\x1b[2J\a\xff."), "a\tb\nc\n\\x1b[2J\\x07\\xff.");
}

TEST(ConsoleTextTest, CarriageReturnAloneIsEscaped) {
  ConsoleText text;
  EXPECT_EQ(text.Add("over\rwritten"), "over\\x0dwritten");
}

TEST(ConsoleTextTest, LineEndCutInTwoStaysOne) {
  ConsoleText text;
  EXPECT_EQ(text.Add("a\r"), "a");
  EXPECT_EQ(text.Add("\nb"), "\nb");
}

TEST(ConsoleTextTest, CharacterCutInPiecesStaysWhole) {
  ConsoleText text;
  EXPECT_EQ(text.Add("\xF0\x9F"), "");
  EXPECT_EQ(text.Add("\x98"), "");
  EXPECT_EQ(text.Add("\x80!"), "\xF0\x9F\x98\x80!");
}

TEST(ConsoleTextTest, WhatIsHeldBackAtLastIsEscaped) {
  ConsoleText text;
  EXPECT_EQ(text.Add("a\xE2\x82"), "a");
  EXPECT_EQ(text.Finish(), "\\xe2\\x82");
  EXPECT_EQ(text.Finish(), "");
}

TEST(ConsoleTextTest, MiddleBytesWithoutABeginningAreNotHeldBack) {
  ConsoleText text;
  EXPECT_EQ(text.Add("\x80\x80\x80\x80"), "\\x80\\x80\\x80\\x80");
}

}  // namespace
}  // namespace orch::ctl
