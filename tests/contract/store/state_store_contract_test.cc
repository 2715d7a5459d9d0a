// What every StateStore promises, run on each implementation.
#include <algorithm>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/store/fake/fake_state_store.h"
#include "orchestrator/store/sqlite/sqlite_state_store.h"
#include "orchestrator/store/state_store.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace orch {
namespace {

using orch::testing::StatusIs;
using orch::testing::TempDir;
using std::string_literals::operator""s;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Implementation {
  std::string name;
  std::function<std::unique_ptr<StateStore>(const TempDir&)> create;
};

Browser MakeBrowser(absl::Time created_at, BrowserState state = BrowserState::kReady) {
  Browser browser{.id = SessionId::Generate(),
                  .spec = {.image = "minimal", .memory_mib = 256, .vcpus = 1},
                  .state = state,
                  .created_at = created_at,
                  .image_digest = "sha256:1"};
  if (state == BrowserState::kFailed) browser.failure_reason = "guest died";
  if (IsTerminal(state)) browser.ended_at = created_at + absl::Seconds(5);
  return browser;
}

absl::Time At(int64_t seconds) { return absl::FromUnixSeconds(1'800'000'000 + seconds); }

class StateStoreTest : public ::testing::TestWithParam<Implementation> {
 protected:
  std::vector<std::string> ListedIds(const BrowserQuery& query) {
    const absl::StatusOr<std::vector<Browser>> browsers = store_->ListBrowsers(query);
    EXPECT_TRUE(browsers.ok()) << browsers.status();
    std::vector<std::string> ids;
    if (browsers.ok()) {
      for (const Browser& browser : *browsers) ids.push_back(browser.id.value());
    }
    return ids;
  }

  TempDir directory_;
  std::unique_ptr<StateStore> store_ = GetParam().create(directory_);
};

TEST_P(StateStoreTest, GivesBackWhatWasPut) {
  Browser plain = MakeBrowser(absl::UnixEpoch());
  Browser full = MakeBrowser(absl::FromUnixNanos(1'800'000'000'123'456'789), BrowserState::kFailed);
  full.spec = {.image = "chromium \"é\"",
               .headless = true,
               .memory_mib = std::numeric_limits<uint32_t>::max(),
               .vcpus = 64,
               .viewport = Viewport{.width_px = 1920, .height_px = 1080},
               .kiosk_mode = true};
  full.failure_reason = "line 1\nNUL \0 and \xff'; DROP TABLE browsers;"s;
  full.ready_at = full.created_at + absl::Nanoseconds(1);
  for (const Browser& browser : {plain, full}) {
    ORCH_ASSERT_OK(store_->PutBrowser(browser));
    ORCH_ASSERT_OK_AND_ASSIGN(const Browser read, store_->GetBrowser(browser.id));
    EXPECT_EQ(read, browser);
  }
}

TEST_P(StateStoreTest, KeepsEveryState) {
  for (const BrowserState state : kAllBrowserStates) {
    const Browser browser = MakeBrowser(At(1), state);
    ORCH_ASSERT_OK(store_->PutBrowser(browser));
    ORCH_ASSERT_OK_AND_ASSIGN(const Browser read, store_->GetBrowser(browser.id));
    EXPECT_EQ(read, browser);
  }
}

TEST_P(StateStoreTest, ReplacesRecordOfSameId) {
  Browser browser = MakeBrowser(At(1));
  ORCH_ASSERT_OK(store_->PutBrowser(browser));
  browser.state = BrowserState::kDeleted;
  browser.ended_at = At(2);
  ORCH_ASSERT_OK(store_->PutBrowser(browser));
  ORCH_ASSERT_OK_AND_ASSIGN(const Browser read, store_->GetBrowser(browser.id));
  EXPECT_EQ(read, browser);
  EXPECT_EQ(ListedIds({}).size(), 1u);
}

TEST_P(StateStoreTest, SaysNotFoundForUnknownId) {
  const SessionId id = SessionId::Generate();
  EXPECT_THAT(store_->GetBrowser(id), StatusIs(absl::StatusCode::kNotFound, HasSubstr(id.value())));
}

TEST_P(StateStoreTest, ListsNothingWhenEmpty) { EXPECT_THAT(ListedIds({}), IsEmpty()); }

TEST_P(StateStoreTest, ListsNewestFirstThenById) {
  std::vector<Browser> browsers = {MakeBrowser(At(1)), MakeBrowser(At(3)), MakeBrowser(At(2)),
                                   MakeBrowser(At(2))};
  for (const Browser& browser : browsers) ORCH_ASSERT_OK(store_->PutBrowser(browser));
  std::vector<std::string> tied = {browsers[2].id.value(), browsers[3].id.value()};
  std::sort(tied.begin(), tied.end());
  EXPECT_EQ(ListedIds({}), (std::vector<std::string>{browsers[1].id.value(), tied[0], tied[1],
                                                     browsers[0].id.value()}));
}

TEST_P(StateStoreTest, FiltersByState) {
  std::vector<std::string> ids;
  for (const BrowserState state : kAllBrowserStates) {
    const Browser browser = MakeBrowser(At(10 - static_cast<int>(state)), state);
    ORCH_ASSERT_OK(store_->PutBrowser(browser));
    ids.push_back(browser.id.value());
  }
  for (size_t i = 0; i < ids.size(); ++i) {
    EXPECT_EQ(ListedIds({.states = {kAllBrowserStates[i]}}), std::vector<std::string>{ids[i]});
  }
  EXPECT_EQ(ListedIds({.states = {BrowserState::kReady, BrowserState::kAcquired}}),
            (std::vector<std::string>{ids[1], ids[2]}));
  EXPECT_EQ(ListedIds({.states = {BrowserState::kFailed, BrowserState::kReady}}),
            (std::vector<std::string>{ids[1], ids[6]}));
}

TEST_P(StateStoreTest, PagesThroughAllWithoutGapsOrRepeats) {
  // Groups of three share a time, so that pages end within groups.
  for (int i = 0; i < 20; ++i) ORCH_ASSERT_OK(store_->PutBrowser(MakeBrowser(At(i / 3))));
  const std::vector<std::string> all = ListedIds({});
  for (const size_t page_size : {1, 2, 7, 20, 100}) {
    std::vector<std::string> paged;
    BrowserQuery query{.states = {BrowserState::kReady}, .limit = page_size};
    while (true) {
      ORCH_ASSERT_OK_AND_ASSIGN(const std::vector<Browser> page, store_->ListBrowsers(query));
      EXPECT_LE(page.size(), page_size);
      for (const Browser& browser : page) paged.push_back(browser.id.value());
      if (page.size() < page_size) break;
      query.after = BrowserCursor{page.back().created_at, page.back().id};
    }
    EXPECT_EQ(paged, all) << page_size;
  }
}

TEST_P(StateStoreTest, RefusesRecordsThatBreakThePromises) {
  std::vector<Browser> bad(6, MakeBrowser(At(1)));
  bad[0].state = BrowserState::kFailed;
  bad[0].ended_at = At(2);
  bad[1].failure_reason = "but it did not fail";
  bad[2].state = BrowserState::kDeleted;
  bad[3].ended_at = At(2);
  bad[4].created_at = absl::InfiniteFuture();
  bad[5].spec.viewport = Viewport{.width_px = 0, .height_px = 1080};
  for (const Browser& browser : bad) {
    EXPECT_THAT(store_->PutBrowser(browser),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(browser.id.value())));
  }
  EXPECT_THAT(ListedIds({}), IsEmpty());
}

TEST_P(StateStoreTest, ServesManyThreads) {
  constexpr int kThreads = 8;
  constexpr int kPuts = 10;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([this] {
      for (int j = 0; j < kPuts; ++j) {
        const Browser browser = MakeBrowser(At(j));
        ORCH_EXPECT_OK(store_->PutBrowser(browser));
        ORCH_EXPECT_OK(store_->GetBrowser(browser.id));
        ORCH_EXPECT_OK(store_->ListBrowsers({.limit = 5}));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ListedIds({}).size(), static_cast<size_t>(kThreads * kPuts));
}

INSTANTIATE_TEST_SUITE_P(
    , StateStoreTest,
    ::testing::Values(Implementation{"Fake",
                                     [](const TempDir&) -> std::unique_ptr<StateStore> {
                                       return std::make_unique<FakeStateStore>();
                                     }},
                      Implementation{"Sqlite",
                                     [](const TempDir& directory) -> std::unique_ptr<StateStore> {
                                       return *SqliteStateStore::Create(directory.File("state.db"));
                                     }}),
    [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace orch
