#include "orchestrator/gateway/url_tokens.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/support/status_matchers.h"

namespace orch::gateway {
namespace {

using ::orch::testing::StatusIs;
using ::testing::HasSubstr;

class UrlTokensTest : public ::testing::Test {
 protected:
  static constexpr UrlTokens::Scope kUse = UrlTokens::Scope::kUse;
  static constexpr UrlTokens::Scope kLook = UrlTokens::Scope::kLook;

  const absl::Time now_ = absl::FromUnixSeconds(1'800'000'000);
  const UrlTokens::Grant grant_{.session_id = "aaaaaaaaaaaaaaaaaaaaaaaa", .lease = 7};
  const UrlTokens tokens_{std::string(32, 's')};
};

TEST_F(UrlTokensTest, IsGoodForItsBrowserUntilItExpires) {
  const std::string token = tokens_.Issue(grant_, kUse, now_ + absl::Hours(1));
  ORCH_EXPECT_OK(tokens_.Check(token, grant_, now_));
  ORCH_EXPECT_OK(tokens_.Check(token, grant_, now_ + absl::Minutes(59)));
  EXPECT_THAT(tokens_.Check(token, grant_, now_ + absl::Hours(1)),
              StatusIs(absl::StatusCode::kUnauthenticated, HasSubstr("expired")));
}

TEST_F(UrlTokensTest, IsGoodForNoOtherBrowserAndNoOtherHolder) {
  const std::string token = tokens_.Issue(grant_, kUse, now_ + absl::Hours(1));
  EXPECT_THAT(tokens_.Check(token, {.session_id = "bbbbbbbbbbbbbbbbbbbbbbbb", .lease = 7}, now_),
              StatusIs(absl::StatusCode::kUnauthenticated));
  EXPECT_THAT(tokens_.Check(token, {.session_id = grant_.session_id, .lease = 8}, now_),
              StatusIs(absl::StatusCode::kUnauthenticated, HasSubstr("earlier holder")));
}

TEST_F(UrlTokensTest, TellsWhatItOpensAndUntilWhen) {
  for (const UrlTokens::Scope scope : {kUse, kLook}) {
    const std::string token = tokens_.Issue(grant_, scope, now_ + absl::Hours(1));
    EXPECT_TRUE(UrlTokens::IsToken(token)) << token;
    const absl::StatusOr<UrlTokens::Opened> opened = tokens_.Check(token, grant_, now_);
    ORCH_ASSERT_OK(opened);
    EXPECT_EQ(opened->scope, scope);
    EXPECT_EQ(opened->expires_at, now_ + absl::Hours(1));
  }
}

TEST_F(UrlTokensTest, CannotBeWidened) {
  std::string token = tokens_.Issue(grant_, kLook, now_ + absl::Hours(1));
  token.replace(0, token.find('.'), "v1");
  EXPECT_THAT(tokens_.Check(token, grant_, now_), StatusIs(absl::StatusCode::kUnauthenticated));
}

TEST_F(UrlTokensTest, CannotBeProlonged) {
  const std::string token = tokens_.Issue(grant_, kUse, now_ + absl::Hours(1));
  std::string longer = tokens_.Issue(grant_, kUse, now_ + absl::Hours(2));
  longer.replace(longer.rfind('.'), std::string::npos, token.substr(token.rfind('.')));
  EXPECT_THAT(tokens_.Check(longer, grant_, now_), StatusIs(absl::StatusCode::kUnauthenticated));
}

TEST_F(UrlTokensTest, IsNotGoodUnderAnotherSecret) {
  const std::string token =
      UrlTokens(std::string(32, 't')).Issue(grant_, kUse, now_ + absl::Hours(1));
  EXPECT_THAT(tokens_.Check(token, grant_, now_), StatusIs(absl::StatusCode::kUnauthenticated));
}

TEST_F(UrlTokensTest, RefusesWhatIsNoToken) {
  for (const char* text :
       {"", ".", "v1", "v1..", "v1.x.y", "v2.1900000000.x", "v1.1900000000.", "v1.1.2.3"}) {
    EXPECT_THAT(tokens_.Check(text, grant_, now_), StatusIs(absl::StatusCode::kUnauthenticated))
        << text;
  }
}

TEST_F(UrlTokensTest, HasOnlyCharactersThatUrlsTake) {
  EXPECT_THAT(tokens_.Issue(grant_, kUse, now_),
              ::testing::MatchesRegex("v1\\.[0-9]+\\.[A-Za-z0-9_-]+"));
}

}  // namespace
}  // namespace orch::gateway
