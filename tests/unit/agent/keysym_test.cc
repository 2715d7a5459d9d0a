#include "orchestrator/agent/computer/keysym.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/support/status_matchers.h"

namespace orch::agent {
namespace {

using ::orch::testing::IsOkAndHolds;
using ::orch::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(ParseKeysymTest, KnowsXNames) {
  EXPECT_THAT(ParseKeysym("Return"), IsOkAndHolds(0xff0du));
  EXPECT_THAT(ParseKeysym("F5"), IsOkAndHolds(0xffc2u));
  EXPECT_THAT(ParseKeysym("eacute"), IsOkAndHolds(0xe9u));
  EXPECT_THAT(ParseKeysym("XF86Back"), IsOkAndHolds(0x1008ff26u));
  EXPECT_THAT(ParseKeysym("U20AC"), IsOkAndHolds(0x010020acu));
}

TEST(ParseKeysymTest, KnowsAliasesInAnyCase) {
  EXPECT_THAT(ParseKeysym("ctrl"), IsOkAndHolds(0xffe3u));
  EXPECT_THAT(ParseKeysym("CONTROL"), IsOkAndHolds(0xffe3u));
  EXPECT_THAT(ParseKeysym("Enter"), IsOkAndHolds(0xff0du));
  EXPECT_THAT(ParseKeysym("Esc"), IsOkAndHolds(0xff1bu));
}

TEST(ParseKeysymTest, TakesSingleCharacters) {
  EXPECT_THAT(ParseKeysym("a"), IsOkAndHolds(0x61u));
  EXPECT_THAT(ParseKeysym("?"), IsOkAndHolds(0x3fu));
  EXPECT_THAT(ParseKeysym("é"), IsOkAndHolds(0xe9u));
  EXPECT_THAT(ParseKeysym("字"), IsOkAndHolds(0x01005b57u));
}

TEST(ParseKeysymTest, RefusesWhatIsNoKey) {
  for (const char* name : {"", "Nokey", "ab", "\xff", "\n", "0xffffffffff"}) {
    EXPECT_THAT(ParseKeysym(name), StatusIs(absl::StatusCode::kInvalidArgument)) << name;
  }
  EXPECT_THAT(ParseKeysym(absl::string_view("a\0b", 3)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("a\\x00\\x62")));
  EXPECT_THAT(ParseKeysym(std::string(100'000, 'x')), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(ParseCombinationTest, SplitsAtPlus) {
  EXPECT_THAT(ParseCombination("ctrl+shift+t"), IsOkAndHolds(ElementsAre(0xffe3, 0xffe1, 't')));
  EXPECT_THAT(ParseCombination("ctrl+plus"), IsOkAndHolds(ElementsAre(0xffe3, '+')));
  EXPECT_THAT(ParseCombination("+"), IsOkAndHolds(ElementsAre('+')));
}

TEST(ParseCombinationTest, RefusesEmptyParts) {
  for (const char* keys : {"", "ctrl+", "+a", "a++b"}) {
    EXPECT_THAT(ParseCombination(keys), StatusIs(absl::StatusCode::kInvalidArgument)) << keys;
  }
}

TEST(KeysymsOfTextTest, TakesAnyUnicode) {
  EXPECT_THAT(KeysymsOfText("aé字😀"), IsOkAndHolds(ElementsAre('a', 0xe9, 0x01005b57, 0x0101f600)));
}

TEST(KeysymsOfTextTest, PressesReturnOnceForEachLineEnd) {
  EXPECT_THAT(KeysymsOfText("a\nb\r\nc\r\t"),
              IsOkAndHolds(ElementsAre('a', 0xff0d, 'b', 0xff0d, 'c', 0xff0d, 0xff09)));
}

TEST(KeysymsOfTextTest, NamesControlCharactersAndTheirPlace) {
  EXPECT_THAT(KeysymsOfText("é\x07"), StatusIs(absl::StatusCode::kInvalidArgument,
                                               AllOf(HasSubstr("U+0007"), HasSubstr("byte 2"))));
  EXPECT_THAT(KeysymsOfText("\xc3"), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(SplitForTypingTest, PastesOnlyWhatKeysCannotType) {
  EXPECT_EQ(SplitForTyping(""), std::vector<TextPart>());
  EXPECT_EQ(SplitForTyping("a\u4f60"), (std::vector<TextPart>{{false, "a\u4f60"}}));
  EXPECT_EQ(SplitForTyping("\u200d\U0001F600\ufe0f\U0001F4BBb"),
            (std::vector<TextPart>{
                {false, "\u200d"}, {true, "\U0001F600\ufe0f\U0001F4BB"}, {false, "b"}}));
}

}  // namespace
}  // namespace orch::agent
