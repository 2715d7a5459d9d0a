#include "orchestrator/agent/filesystem/guest_path.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/support/status_matchers.h"

namespace orch::agent {
namespace {

using ::orch::testing::IsOk;
using ::orch::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

GuestPath Parse(absl::string_view bytes) {
  auto path = GuestPath::Parse("path", bytes);
  EXPECT_THAT(path, IsOk());
  return path.ok() ? *path : GuestPath::Parse("path", "/failed").value();
}

TEST(GuestPathTest, TakesPathsApart) {
  const struct {
    absl::string_view bytes;
    std::string text;
    std::string parent;
    std::string name;
  } cases[] = {
      {"/", "/", "/", "/"},           {"///", "/", "/", "/"},
      {"/a", "/a", "/", "a"},         {"/a/", "/a", "/", "a"},
      {"/a/b//", "/a/b", "/a", "b"},  {"//a//b", "//a//b", "//a/", "b"},
      {"/a/..", "/a/..", "/a", ".."}, {"/\xff\n", "/\xff\n", "/", "\xff\n"},
  };
  for (const auto& test : cases) {
    const GuestPath path = Parse(test.bytes);
    EXPECT_EQ(path.text(), test.text);
    EXPECT_EQ(path.parent(), test.parent);
    EXPECT_EQ(path.name(), test.name);
  }
}

TEST(GuestPathTest, PutsPathsTogether) {
  EXPECT_EQ(Parse("/a").Below("b/c"), "/a/b/c");
  EXPECT_EQ(Parse("/").Below("b"), "/b");
}

TEST(GuestPathTest, KeepsToLinuxsLimits) {
  const std::string longest_name(255, 'n');
  ORCH_EXPECT_OK(GuestPath::Parse("path", "/" + longest_name));
  EXPECT_THAT(
      GuestPath::Parse("field", "/" + longest_name + "n/x"),
      StatusIs(absl::StatusCode::kInvalidArgument, AllOf(HasSubstr("field"), HasSubstr("255"))));
  std::string longest;
  while (longest.size() < 4095) longest += "/abcd";
  ORCH_EXPECT_OK(GuestPath::Parse("path", longest));
  EXPECT_THAT(GuestPath::Parse("field", longest + "/"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("field is 4096 bytes"), HasSubstr("4095"))));
}

TEST(GuestPathTest, RefusesWhatIsNoAbsolutePath) {
  for (const absl::string_view bytes :
       {absl::string_view(""), absl::string_view("a/b"), absl::string_view("./a"),
        absl::string_view("~"), absl::string_view("/a\0b", 4)}) {
    EXPECT_THAT(GuestPath::Parse("field", bytes),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("field")))
        << bytes;
  }
}

TEST(GuestPathTest, TellsWhetherItEndsInAName) {
  ORCH_EXPECT_OK(Parse("/a").CheckEndsInName("path"));
  ORCH_EXPECT_OK(Parse("/..a").CheckEndsInName("path"));
  for (const char* text : {"/", "/a/.", "/a/..", "/a/../"}) {
    EXPECT_THAT(Parse(text).CheckEndsInName("field"),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("field")))
        << text;
  }
}

}  // namespace
}  // namespace orch::agent
