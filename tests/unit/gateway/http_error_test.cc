#include "orchestrator/gateway/http/http_error.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "nlohmann/json.hpp"

namespace orch::gateway {
namespace {

using ::testing::Contains;
using ::testing::Not;
using ::testing::Pair;

TEST(HttpErrorTest, HasCodeMessageAndDetails) {
  const HttpResponse response = ErrorResponse(absl::NotFoundError("there is no browser x"));
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.content_type, "application/json");
  const auto body = nlohmann::json::parse(response.body);
  EXPECT_EQ(body["code"], "not_found");
  EXPECT_EQ(body["message"], "there is no browser x");
  EXPECT_EQ(body["details"][0]["code"], "NOT_FOUND");
}

TEST(HttpErrorTest, ARoutesOwnStatusWins) {
  EXPECT_EQ(HttpStatusOf(absl::StatusCode::kFailedPrecondition), 409);
  EXPECT_EQ(HttpStatusOf(absl::StatusCode::kFailedPrecondition,
                         {{absl::StatusCode::kFailedPrecondition, 400}}),
            400);
}

TEST(HttpErrorTest, KeepsClientsFromTryingAgainWhatIsFinal) {
  const auto no_retry = Contains(Pair("x-should-retry", "false"));
  EXPECT_THAT(ErrorResponse(absl::FailedPreconditionError("")).headers, no_retry);
  EXPECT_THAT(ErrorResponse(absl::UnimplementedError("")).headers, no_retry);
  EXPECT_THAT(ErrorResponse(absl::UnavailableError("")).headers, Not(no_retry));
  EXPECT_THAT(ErrorResponse(absl::ResourceExhaustedError("")).headers, Not(no_retry));
}

TEST(HttpErrorTest, IsValidJsonWhateverTheMessage) {
  const HttpResponse response = ErrorResponse(absl::InternalError("\xff\"\n"));
  EXPECT_TRUE(nlohmann::json::accept(response.body));
}

TEST(HttpErrorTest, NamesTheSchemeOfKeys) {
  EXPECT_THAT(ErrorResponse(absl::UnauthenticatedError("")).headers,
              Contains(Pair("WWW-Authenticate", "Bearer")));
}

}  // namespace
}  // namespace orch::gateway
