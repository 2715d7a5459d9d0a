// What every KeyStore promises, run on each implementation.
#include <functional>
#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/store/fake/fake_key_store.h"
#include "orchestrator/store/sqlite/sqlite_key_store.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace orch {
namespace {

using orch::testing::StatusIs;
using orch::testing::TempDir;
using ::testing::HasSubstr;

struct Implementation {
  std::string name;
  std::function<std::unique_ptr<KeyStore>(const TempDir&)> create;
};

ApiKey MakeKey(int64_t created_at, char digit = 'a') {
  return {.id = ApiKeyId::Generate(),
          .name = "a key",
          .secret_hash = std::string(64, digit),
          .created_at = absl::FromUnixSeconds(1'800'000'000 + created_at)};
}

class KeyStoreTest : public ::testing::TestWithParam<Implementation> {
 protected:
  TempDir directory_;
  std::unique_ptr<KeyStore> store_ = GetParam().create(directory_);
};

TEST_P(KeyStoreTest, ListsWhatWasPutNewestFirst) {
  const ApiKey older = MakeKey(1, 'a');
  const ApiKey newer = MakeKey(2, 'b');
  ORCH_ASSERT_OK(store_->PutKey(older));
  ORCH_ASSERT_OK(store_->PutKey(newer));
  ORCH_ASSERT_OK_AND_ASSIGN(const std::vector<ApiKey> keys, store_->ListKeys());
  ASSERT_EQ(keys.size(), 2u);
  EXPECT_EQ(keys[0].id, newer.id);
  EXPECT_EQ(keys[1].id, older.id);
  EXPECT_EQ(keys[1].name, older.name);
  EXPECT_EQ(keys[1].secret_hash, older.secret_hash);
  EXPECT_EQ(keys[1].created_at, older.created_at);
}

TEST_P(KeyStoreTest, DeletesOnce) {
  const ApiKey key = MakeKey(1);
  ORCH_ASSERT_OK(store_->PutKey(key));
  ORCH_EXPECT_OK(store_->DeleteKey(key.id));
  EXPECT_THAT(store_->DeleteKey(key.id),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr(key.id.value())));
  ORCH_ASSERT_OK_AND_ASSIGN(const std::vector<ApiKey> keys, store_->ListKeys());
  EXPECT_TRUE(keys.empty());
}

TEST_P(KeyStoreTest, RefusesARecordThatIsNone) {
  ApiKey key = MakeKey(1);
  key.secret_hash = "secret";
  EXPECT_THAT(store_->PutKey(key),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("secret_hash")));
  key = MakeKey(1);
  key.name = std::string(256, 'x');
  EXPECT_THAT(store_->PutKey(key), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("name")));
}

INSTANTIATE_TEST_SUITE_P(
    All, KeyStoreTest,
    ::testing::Values(
        Implementation{"Fake", [](const TempDir&) { return std::make_unique<FakeKeyStore>(); }},
        Implementation{"Sqlite",
                       [](const TempDir& directory) {
                         return SqliteKeyStore::Create(directory.File("state.db")).value();
                       }}),
    [](const auto& tested) { return tested.param.name; });

TEST(SqliteKeyStoreTest, KeepsKeysInTheFile) {
  const TempDir directory;
  const ApiKey key = MakeKey(1);
  ORCH_ASSERT_OK(SqliteKeyStore::Create(directory.File("state.db")).value()->PutKey(key));
  ORCH_ASSERT_OK_AND_ASSIGN(const auto again, SqliteKeyStore::Create(directory.File("state.db")));
  ORCH_ASSERT_OK_AND_ASSIGN(const std::vector<ApiKey> keys, again->ListKeys());
  ASSERT_EQ(keys.size(), 1u);
  EXPECT_EQ(keys[0].id, key.id);
}

}  // namespace
}  // namespace orch
