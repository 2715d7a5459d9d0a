#include "orchestrator/server/api_keys.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/store/fake/fake_key_store.h"
#include "tests/support/status_matchers.h"

namespace orch {
namespace {

using ::orch::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

class ApiKeysTest : public ::testing::Test {
 protected:
  FakeKeyStore store_;
  SystemClock clock_;
  std::unique_ptr<ApiKeys> keys_ = ApiKeys::Load(store_, clock_).value();
};

TEST_F(ApiKeysTest, ChecksASecretAndKeepsOnlyItsHash) {
  ORCH_ASSERT_OK_AND_ASSIGN(const ApiKeys::NewKey made, keys_->Create("ci"));
  EXPECT_THAT(made.secret, MatchesRegex("orch_[a-z0-9]{40}"));
  ORCH_ASSERT_OK_AND_ASSIGN(const ApiKey checked, keys_->Check(made.secret));
  EXPECT_EQ(checked.id, made.key.id);
  EXPECT_EQ(checked.name, "ci");
  ORCH_ASSERT_OK_AND_ASSIGN(const std::vector<ApiKey> stored, store_.ListKeys());
  ASSERT_EQ(stored.size(), 1u);
  EXPECT_THAT(stored[0].secret_hash, Not(HasSubstr(made.secret.substr(5))));
}

TEST_F(ApiKeysTest, RefusesEveryOtherSecret) {
  ORCH_ASSERT_OK_AND_ASSIGN(const ApiKeys::NewKey made, keys_->Create(""));
  for (const std::string& other :
       {std::string(), std::string("orch_"), made.secret + "x", made.secret.substr(1),
        made.key.id.value(), made.key.secret_hash}) {
    EXPECT_THAT(keys_->Check(other), StatusIs(absl::StatusCode::kUnauthenticated)) << other;
  }
}

TEST_F(ApiKeysTest, KnowsAfterARestartWhatItKnewBefore) {
  ORCH_ASSERT_OK_AND_ASSIGN(const ApiKeys::NewKey kept, keys_->Create("kept"));
  ORCH_ASSERT_OK_AND_ASSIGN(const ApiKeys::NewKey revoked, keys_->Create("revoked"));
  ORCH_ASSERT_OK(keys_->Revoke(revoked.key.id));
  EXPECT_THAT(keys_->Check(revoked.secret), StatusIs(absl::StatusCode::kUnauthenticated));
  keys_ = ApiKeys::Load(store_, clock_).value();
  ORCH_EXPECT_OK(keys_->Check(kept.secret));
  EXPECT_THAT(keys_->Check(revoked.secret), StatusIs(absl::StatusCode::kUnauthenticated));
  EXPECT_THAT(keys_->Revoke(revoked.key.id), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(ApiKeysTest, AKeyThatIsNotStoredIsNone) {
  store_.FailWrites(absl::UnavailableError("disk full"));
  EXPECT_THAT(keys_->Create("x"), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_TRUE(keys_->List().empty());
}

TEST_F(ApiKeysTest, AKeyThatCannotBeRevokedStaysGood) {
  ORCH_ASSERT_OK_AND_ASSIGN(const ApiKeys::NewKey made, keys_->Create("x"));
  store_.FailWrites(absl::UnavailableError("disk full"));
  EXPECT_THAT(keys_->Revoke(made.key.id), StatusIs(absl::StatusCode::kUnavailable));
  ORCH_EXPECT_OK(keys_->Check(made.secret));
}

TEST_F(ApiKeysTest, RefusesNamesThatCannotBeShown) {
  EXPECT_THAT(keys_->Create(std::string(256, 'x')), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(keys_->Create("a\nb"), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(ApiKeysTest, HasALimit) {
  for (size_t i = 0; i < ApiKeys::kMaxKeys; ++i) ORCH_ASSERT_OK(keys_->Create(""));
  EXPECT_THAT(keys_->Create(""),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("revoke")));
}

}  // namespace
}  // namespace orch
