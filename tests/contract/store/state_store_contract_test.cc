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
  if (state == BrowserState::kAcquired) {
    browser.membership = PoolMembership{.pool = PoolId::Generate(), .generation = 3};
    browser.acquired_at = created_at + absl::Seconds(4);
  }
  if (state == BrowserState::kStandby) browser.standby_level = StandbyLevel::kPaused;
  if (IsTerminal(state)) browser.ended_at = created_at + absl::Seconds(5);
  return browser;
}

Pool MakePool(absl::Time created_at) {
  return {.id = PoolId::Generate(),
          .spec = {.browser = {.image = "minimal"}, .size = 1},
          .created_at = created_at};
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
               .kiosk_mode = true,
               .timeout = absl::Hours(72),
               .standby_after = absl::InfiniteDuration()};
  full.failure_reason = "line 1\nNUL \0 and \xff'; DROP TABLE browsers;"s;
  full.ready_at = full.created_at + absl::Nanoseconds(1);
  full.acquired_at = full.created_at + absl::Nanoseconds(2);
  full.membership =
      PoolMembership{.pool = PoolId::Generate(), .generation = std::numeric_limits<int64_t>::max()};
  full.template_key = std::string(64, 'f');
  full.template_build = std::string(24, 'b');
  Browser asleep = MakeBrowser(At(1), BrowserState::kStandby);
  asleep.standby_level = StandbyLevel::kPaused;
  asleep.vm = VmId::Generate();
  asleep.spec.standby_after = absl::ZeroDuration();
  Browser on_disk = MakeBrowser(At(1), BrowserState::kStandby);
  on_disk.standby_level = StandbyLevel::kDisk;
  on_disk.spec.standby_after = absl::Milliseconds(1500);
  on_disk.template_key = std::string(32, '0');  // Of a build that nobody recorded.
  for (const Browser& browser : {plain, full, asleep, on_disk}) {
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
  std::vector<Browser> bad(20, MakeBrowser(At(1)));
  bad[0].state = BrowserState::kFailed;
  bad[0].ended_at = At(2);
  bad[1].failure_reason = "but it did not fail";
  bad[2].state = BrowserState::kDeleted;
  bad[3].ended_at = At(2);
  bad[4].created_at = absl::InfiniteFuture();
  bad[5].spec.viewport = Viewport{.width_px = 0, .height_px = 1080};
  bad[6].spec.timeout = absl::InfiniteDuration();
  bad[7].spec.timeout = -absl::Nanoseconds(1);
  bad[8].spec.standby_after = -absl::Nanoseconds(1);
  bad[9].standby_level = StandbyLevel::kPaused;
  bad[10].state = BrowserState::kStandby;
  bad[11] = MakeBrowser(At(1), BrowserState::kDeleted);
  bad[11].vm = VmId::Generate();
  bad[12] = MakeBrowser(At(1), BrowserState::kStandby);
  bad[12].standby_level = StandbyLevel::kDisk;
  bad[12].vm = VmId::Generate();
  bad[13] = MakeBrowser(At(1), BrowserState::kAcquired);
  bad[13].acquired_at = std::nullopt;
  bad[14] = MakeBrowser(At(1), BrowserState::kAcquired);
  bad[14].membership = std::nullopt;
  bad[15].membership = PoolMembership{.pool = PoolId::Generate()};
  bad[15].acquired_at = At(2);
  bad[16].membership = PoolMembership{.pool = PoolId::Generate(), .generation = 0};
  bad[17].template_key = std::string(5000, 'k');
  bad[18].template_build = std::string(24, 'b');
  bad[19].template_key = std::string(32, 'f');
  bad[19].template_build = std::string(25, 'b');
  for (const Browser& browser : bad) {
    EXPECT_THAT(store_->PutBrowser(browser),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(browser.id.value())));
  }
  EXPECT_THAT(ListedIds({}), IsEmpty());
}

TEST_P(StateStoreTest, ListsBrowsersOfOnePool) {
  const PoolId pool = PoolId::Generate();
  std::vector<Browser> browsers;
  for (int i = 0; i < 6; ++i) {
    browsers.push_back(MakeBrowser(At(i), i == 4 ? BrowserState::kDeleted : BrowserState::kReady));
    if (i < 2) browsers[i].membership = PoolMembership{.pool = PoolId::Generate()};
    if (i >= 3) browsers[i].membership = PoolMembership{.pool = pool};
    ORCH_ASSERT_OK(store_->PutBrowser(browsers[i]));
  }
  EXPECT_EQ(ListedIds({.pool = pool}),
            (std::vector<std::string>{browsers[5].id.value(), browsers[4].id.value(),
                                      browsers[3].id.value()}));
  EXPECT_EQ(ListedIds({.states = {BrowserState::kReady}, .pool = pool, .limit = 1}),
            std::vector<std::string>{browsers[5].id.value()});
  EXPECT_THAT(ListedIds({.pool = PoolId::Generate()}), IsEmpty());
}

TEST_P(StateStoreTest, GivesBackPoolsNewestFirst) {
  Pool plain = MakePool(absl::UnixEpoch());
  Pool full = MakePool(At(5) + absl::Nanoseconds(123'456'789));
  full.spec = {.name = std::string(251, 'n') + "._-Z",
               .browser = {.image = "chromium",
                           .memory_mib = 2048,
                           .vcpus = 4,
                           .viewport = Viewport{.width_px = 1920, .height_px = 1080},
                           .kiosk_mode = true,
                           .timeout = absl::Minutes(10),
                           .standby_after = absl::InfiniteDuration()},
               .size = PoolSpec::kMaxPoolSize,
               .fill_rate_per_minute = PoolSpec::kMaxFillRatePerMinute};
  full.generation = std::numeric_limits<int64_t>::max();
  full.discards_before = full.generation - 1;
  std::vector<Pool> tied = {MakePool(At(1)), MakePool(At(1))};
  for (const Pool& pool : {tied[0], plain, full, tied[1]}) ORCH_ASSERT_OK(store_->PutPool(pool));
  std::sort(tied.begin(), tied.end(), [](const Pool& a, const Pool& b) { return a.id < b.id; });
  ORCH_ASSERT_OK_AND_ASSIGN(const std::vector<Pool> read, store_->ListPools());
  EXPECT_EQ(read, (std::vector<Pool>{full, tied[0], tied[1], plain}));
}

TEST_P(StateStoreTest, ReplacesAndDeletesPools) {
  Pool pool = MakePool(At(1));
  const Pool other = MakePool(At(2));
  ORCH_ASSERT_OK(store_->PutPool(pool));
  ORCH_ASSERT_OK(store_->PutPool(other));
  pool.spec.size = 7;
  pool.generation = 2;
  ORCH_ASSERT_OK(store_->PutPool(pool));
  ORCH_ASSERT_OK_AND_ASSIGN(const std::vector<Pool> both, store_->ListPools());
  EXPECT_EQ(both, (std::vector<Pool>{other, pool}));
  ORCH_EXPECT_OK(store_->DeletePool(other.id));
  ORCH_EXPECT_OK(store_->DeletePool(other.id));
  ORCH_ASSERT_OK_AND_ASSIGN(const std::vector<Pool> one, store_->ListPools());
  EXPECT_EQ(one, std::vector<Pool>{pool});
}

TEST_P(StateStoreTest, RefusesPoolsThatBreakThePromises) {
  std::vector<Pool> bad(9, MakePool(At(1)));
  bad[0].spec.name = "a b";
  bad[1].spec.name = std::string(256, 'n');
  bad[2].spec.size = 0;
  bad[3].spec.size = PoolSpec::kMaxPoolSize + 1;
  bad[4].spec.fill_rate_per_minute = PoolSpec::kMaxFillRatePerMinute + 1;
  bad[5].generation = 0;
  bad[6].spec.browser.timeout = absl::InfiniteDuration();
  bad[7].discards_before = 0;
  bad[8].discards_before = 2;
  for (const Pool& pool : bad) {
    EXPECT_THAT(store_->PutPool(pool),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(pool.id.value())));
  }
  ORCH_ASSERT_OK_AND_ASSIGN(const std::vector<Pool> read, store_->ListPools());
  EXPECT_THAT(read, IsEmpty());
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
