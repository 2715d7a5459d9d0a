#include "orchestrator/archive/entry_path.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/support/status_matchers.h"

namespace orch {
namespace {

using ::orch::testing::IsOk;
using ::orch::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> Split(absl::string_view name) {
  const auto names = SplitEntryName(name);
  EXPECT_THAT(names, IsOk());
  return names.value_or(std::vector<std::string>());
}

TEST(EntryPathTest, SplitsAtSlashes) {
  EXPECT_THAT(Split("a"), ElementsAre("a"));
  EXPECT_THAT(Split("a/b c/d"), ElementsAre("a", "b c", "d"));
  EXPECT_THAT(Split("./a//b/./c/"), ElementsAre("a", "b", "c"));
  EXPECT_THAT(Split("..a/b../..."), ElementsAre("..a", "b..", "..."));
}

TEST(EntryPathTest, KeepsBytesThatAreNoText) {
  EXPECT_THAT(Split("a\xff/\xfe\\b\n"), ElementsAre("a\xff", "\xfe\\b\n"));
}

TEST(EntryPathTest, GivesNothingForTheTargetItself) {
  EXPECT_THAT(Split("."), IsEmpty());
  EXPECT_THAT(Split("././"), IsEmpty());
}

TEST(EntryPathTest, RefusesWhatLeavesTheTargetByName) {
  for (const absl::string_view name :
       {"/", "/etc/passwd", "//x", "..", "../x", "a/../b", "a/..", "./../x"}) {
    EXPECT_THAT(SplitEntryName(name),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         AllOf(HasSubstr("leave the target"), HasSubstr(std::string(name)))))
        << name;
  }
}

TEST(EntryPathTest, RefusesNamesThatLinuxHasNot) {
  EXPECT_THAT(SplitEntryName(""), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(SplitEntryName(absl::string_view("a\0b", 3)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("NUL")));
}

TEST(EntryPathTest, RefusesNamesThatAreTooLong) {
  EXPECT_THAT(Split(std::string(255, 'a')), ElementsAre(std::string(255, 'a')));
  EXPECT_THAT(SplitEntryName(std::string(256, 'a')),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("255 bytes")));
  std::string path;
  while (path.size() < 4095) path += "a/";
  EXPECT_THAT(SplitEntryName(path.substr(0, 4095)), IsOk());
  EXPECT_THAT(SplitEntryName(path),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("4095 bytes")));
}

}  // namespace
}  // namespace orch
