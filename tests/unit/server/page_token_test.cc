#include "orchestrator/server/page_token.h"

#include "absl/strings/escaping.h"
#include "gtest/gtest.h"

#include "tests/support/status_matchers.h"

namespace orch {
namespace {

using ::orch::testing::StatusIs;

TEST(PageTokenTest, SurvivesTheRoundTrip) {
  const BrowserCursor cursor{.created_at = absl::FromUnixNanos(1'234'567'890'123'456'789),
                             .id = SessionId::Generate()};
  ORCH_ASSERT_OK_AND_ASSIGN(const auto decoded, DecodePageToken(EncodePageToken(cursor)));
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->created_at, cursor.created_at);
  EXPECT_EQ(decoded->id, cursor.id);
}

TEST(PageTokenTest, SurvivesTheRoundTripOfPools) {
  const PoolCursor cursor{.created_at = absl::FromUnixNanos(5), .id = PoolId::Generate()};
  ORCH_ASSERT_OK_AND_ASSIGN(const auto decoded, DecodePoolPageToken(EncodePageToken(cursor)));
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->created_at, cursor.created_at);
  EXPECT_EQ(decoded->id, cursor.id);
  EXPECT_THAT(DecodePoolPageToken("x"), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(PageTokenTest, EmptyMeansTheFirstPage) {
  ORCH_ASSERT_OK_AND_ASSIGN(const auto decoded, DecodePageToken(""));
  EXPECT_FALSE(decoded.has_value());
}

TEST(PageTokenTest, RefusesWhatItNeverMade) {
  for (const std::string& token :
       {std::string("x"), std::string(4096, 'A'), absl::WebSafeBase64Escape("12.short"),
        absl::WebSafeBase64Escape("x.abcdefghijklmnopqrstuvwx")}) {
    EXPECT_THAT(DecodePageToken(token), StatusIs(absl::StatusCode::kInvalidArgument)) << token;
  }
}

}  // namespace
}  // namespace orch
