#include "orchestrator/model/session_id.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/support/status_matchers.h"

namespace orch {
namespace {

using orch::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(SessionIdTest, GeneratesWellFormedAndDifferentIds) {
  const SessionId id = SessionId::Generate();
  ORCH_ASSERT_OK_AND_ASSIGN(const SessionId parsed, SessionId::Parse(id.value()));
  EXPECT_EQ(parsed, id);
  EXPECT_FALSE(id == SessionId::Generate());
}

TEST(SessionIdTest, RefusesWhatIsNotWellFormed) {
  for (const std::string& text :
       {std::string(), std::string(23, 'a'), std::string(25, 'a'), std::string(23, 'a') + "A",
        std::string(23, 'a') + "/", std::string(23, 'a') + ".", std::string(23, 'a') + "\n",
        std::string(24, '\0'), std::string(1000, 'a')}) {
    EXPECT_THAT(SessionId::Parse(text), StatusIs(absl::StatusCode::kInvalidArgument));
  }
}

TEST(SessionIdTest, EscapesAndCutsWhatItRefuses) {
  EXPECT_THAT(SessionId::Parse("a\nb"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("\"a\\nb\"")));
  EXPECT_THAT(SessionId::Parse(std::string(1000, 'a')),
              StatusIs(absl::StatusCode::kInvalidArgument, Not(HasSubstr(std::string(65, 'a')))));
}

}  // namespace
}  // namespace orch
