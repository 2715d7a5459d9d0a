#include "orchestrator/store/fake/fake_state_store.h"

#include "gtest/gtest.h"

#include "tests/support/status_matchers.h"

namespace orch {
namespace {

using orch::testing::StatusIs;

Pool MakePool() {
  return {.id = PoolId::Generate(), .spec = {.size = 1}, .created_at = absl::UnixEpoch()};
}

TEST(FakeStateStoreTest, FailsWritesUntilToldOtherwise) {
  FakeStateStore store;
  const Browser browser{.id = SessionId::Generate(), .created_at = absl::UnixEpoch()};
  store.FailWrites(absl::UnavailableError("disk full"));
  EXPECT_THAT(store.PutBrowser(browser), StatusIs(absl::StatusCode::kUnavailable, "disk full"));
  EXPECT_THAT(store.PutPool(MakePool()), StatusIs(absl::StatusCode::kUnavailable, "disk full"));
  EXPECT_THAT(store.DeletePool(PoolId::Generate()), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(store.GetBrowser(browser.id), StatusIs(absl::StatusCode::kNotFound));
  store.FailWrites(absl::OkStatus());
  ORCH_EXPECT_OK(store.PutBrowser(browser));
}

TEST(FakeStateStoreTest, FailsReadsUntilToldOtherwise) {
  FakeStateStore store;
  const Browser browser{.id = SessionId::Generate(), .created_at = absl::UnixEpoch()};
  ORCH_ASSERT_OK(store.PutBrowser(browser));
  store.FailReads(absl::DataLossError("damaged"));
  EXPECT_THAT(store.GetBrowser(browser.id), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(store.ListBrowsers({}), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(store.ListPools(), StatusIs(absl::StatusCode::kDataLoss));
  store.FailReads(absl::OkStatus());
  ORCH_EXPECT_OK(store.GetBrowser(browser.id));
}

}  // namespace
}  // namespace orch
