#include "orchestrator/gateway/cdp/devtools_http.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/support/status_matchers.h"

namespace orch::gateway {
namespace {

using ::orch::testing::StatusIs;
using ::testing::HasSubstr;

constexpr char kWhole[] =
    "HTTP/1.1 200 OK\r\nContent-Length:2\r\nContent-Type: application/json\r\n\r\n{}";

TEST(ExamineResponseTest, WaitsForTheLastByte) {
  const std::string whole = kWhole;
  for (size_t size = 0; size < whole.size(); ++size) {
    ORCH_ASSERT_OK_AND_ASSIGN(const ResponseProgress progress,
                              ExamineResponse(whole.substr(0, size), 100));
    EXPECT_FALSE(progress.complete) << size;
  }
  ORCH_ASSERT_OK_AND_ASSIGN(const ResponseProgress progress, ExamineResponse(whole, 100));
  EXPECT_TRUE(progress.complete);
  EXPECT_EQ(whole.substr(progress.body_begin, progress.body_size), "{}");
}

TEST(ExamineResponseTest, RefusesWhatAHostileGuestCouldAnswer) {
  EXPECT_THAT(ExamineResponse("HTTP/1.1 500 Oops\r\n\r\n", 100),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("500")));
  EXPECT_THAT(ExamineResponse("HTTP/1.1 200 OK\r\n\r\n", 100),
              StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(ExamineResponse("HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n", 100),
              StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(
      ExamineResponse("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", 100),
      StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(ExamineResponse(std::string(17 << 10, 'x'), 100),
              StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace orch::gateway
