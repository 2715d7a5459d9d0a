#include "orchestrator/orchctl/tunnel/devtools_version.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/support/status_matchers.h"

namespace orch::ctl {
namespace {

using ::orch::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

TEST(DevToolsVersionTest, RequestNamesLocalhost) {
  EXPECT_THAT(DevToolsVersionRequest(9222), HasSubstr("\r\nHost: localhost:9222\r\n"));
}

TEST(DevToolsVersionTest, ResponseIsCompleteWhenItsLengthIsThere) {
  EXPECT_FALSE(IsCompleteResponse("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n"));
  EXPECT_FALSE(IsCompleteResponse("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nab"));
  EXPECT_TRUE(IsCompleteResponse("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc"));
  EXPECT_FALSE(IsCompleteResponse("HTTP/1.1 200 OK\r\n\r\nabc"));
}

TEST(DevToolsVersionTest, ParsesAndSorts) {
  ORCH_ASSERT_OK_AND_ASSIGN(
      const DevToolsVersion version,
      ParseDevToolsVersion("HTTP/1.1 200 OK\r\n\r\n{\"b\": \"2\", \"a\": \"1\"}"));
  EXPECT_THAT(version, ElementsAre(Pair("a", "1"), Pair("b", "2")));
}

TEST(DevToolsVersionTest, RefusesWhatIsNoVersion) {
  EXPECT_THAT(ParseDevToolsVersion("SSH-2.0\r\n\r\n"),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("does not speak HTTP")));
  EXPECT_THAT(ParseDevToolsVersion("HTTP/1.1 404 Not Found\r\n\r\n"),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("404 Not Found")));
  EXPECT_THAT(ParseDevToolsVersion("HTTP/1.1 200 OK\r\n\r\n[1"),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("no JSON object")));
}

}  // namespace
}  // namespace orch::ctl
