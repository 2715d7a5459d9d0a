#include "orchestrator/gateway/http/request_target.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/support/status_matchers.h"

namespace orch::gateway {
namespace {

using ::orch::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Optional;
using ::testing::Pair;

TEST(RequestTargetTest, TakesPathAndQueryApartAndDecodesThem) {
  ORCH_ASSERT_OK_AND_ASSIGN(const RequestTarget target,
                            ParseRequestTarget("/browsers/a%20b?x=1%2C2&tags%5Bteam%5D=a+b&flag"));
  EXPECT_THAT(target.segments, ElementsAre("browsers", "a b"));
  EXPECT_THAT(target.query,
              ElementsAre(Pair("x", "1,2"), Pair("tags[team]", "a b"), Pair("flag", "")));
  EXPECT_THAT(target.Query("x"), Optional(std::string("1,2")));
  EXPECT_EQ(target.Query("y"), std::nullopt);
}

TEST(RequestTargetTest, LeavesOutOneSlashAtTheEnd) {
  ORCH_ASSERT_OK_AND_ASSIGN(const RequestTarget target, ParseRequestTarget("/json/version/"));
  EXPECT_THAT(target.segments, ElementsAre("json", "version"));
  ORCH_ASSERT_OK_AND_ASSIGN(const RequestTarget root, ParseRequestTarget("/"));
  EXPECT_THAT(root.segments, IsEmpty());
}

TEST(RequestTargetTest, TakesTheAbsoluteForm) {
  ORCH_ASSERT_OK_AND_ASSIGN(const RequestTarget target,
                            ParseRequestTarget("http://h:1/browsers?a=b"));
  EXPECT_THAT(target.segments, ElementsAre("browsers"));
}

class BadTargetTest : public ::testing::TestWithParam<std::string> {};

TEST_P(BadTargetTest, IsRefused) {
  EXPECT_THAT(ParseRequestTarget(GetParam()), StatusIs(absl::StatusCode::kInvalidArgument))
      << GetParam();
}

INSTANTIATE_TEST_SUITE_P(All, BadTargetTest,
                         ::testing::Values("", "*", "browsers", "//", "/a//b", "/a/b//", "/a/../b",
                                           "/a/./b", "/%2e%2e/b", "/a/%2E%2e", "/a%2fb", "/a%5cb",
                                           "/a\\b", "/a%00b", "/a%0d%0ab", "/a%7f", "/a%", "/a%4",
                                           "/a%zz", "/a#b", "/a?b=%00", "/a?b=%g1",
                                           "example.com:443"));

TEST(RequestTargetTest, RefusesAPathThatIsNoUtf8ButTakesSuchAQuery) {
  EXPECT_EQ(ParseRequestTarget("/browsers/%ff").status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(ParseRequestTarget("/browsers?path=/tmp/%ff").ok());
}

TEST(RequestTargetTest, RefusesAFloodOfQueryFields) {
  std::string flood = "/a?";
  for (int i = 0; i < 257; ++i) flood += "x&";
  EXPECT_THAT(ParseRequestTarget(flood),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("256")));
}

}  // namespace
}  // namespace orch::gateway
