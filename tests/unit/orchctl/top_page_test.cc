#include "orchestrator/orchctl/top/top_page.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace orch::ctl {
namespace {

using ::orchestrator::v1::Browser;
using ::orchestrator::v1::Pool;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

const absl::Time kNow = absl::FromUnixSeconds(1'000'000);

Browser MakeBrowser(const std::string& id, orchestrator::v1::BrowserState state, int age_seconds) {
  Browser browser;
  browser.set_session_id(id);
  browser.set_state(state);
  browser.mutable_spec()->set_image("chromium");
  browser.mutable_spec()->set_memory_mib(512);
  browser.mutable_created_at()->set_seconds(absl::ToUnixSeconds(kNow) - age_seconds);
  return browser;
}

Pool MakePool(const std::string& name) {
  Pool pool;
  pool.set_pool_id("id-of-" + name);
  pool.mutable_spec()->set_name(name);
  pool.mutable_spec()->set_size(4);
  pool.set_available_count(3);
  return pool;
}

std::vector<std::string> Texts(const std::vector<Screen::Line>& lines) {
  std::vector<std::string> texts;
  for (const Screen::Line& line : lines) texts.push_back(line.text);
  return texts;
}

TEST(TopPageTest, EmptyFleetIsOneLine) {
  EXPECT_THAT(Texts(TopPage({}, "host:1", kNow, std::nullopt)),
              ElementsAre(MatchesRegex("host:1  ..:..:..  0 browsers")));
}

TEST(TopPageTest, ShowsPoolsAndWhatHoldsThemBack) {
  Fleet::View fleet;
  fleet.pools = {MakePool("ready")};
  fleet.pools[0].set_held_back_by("fill rate\x1b[2J");
  EXPECT_THAT(Texts(TopPage(fleet, "t", kNow, std::nullopt)),
              ElementsAre(HasSubstr("0 browsers"), "",
                          "POOL   SIZE  IDLE  ACQUIRED  PENDING  WAITING  HELD BACK BY",
                          "ready  4     3     0         0        0        fill rate\\x1b[2J"));
}

TEST(TopPageTest, ShowsFailedBrowsersFirstAndThenByStateAndAge) {
  Fleet::View fleet;
  fleet.pools = {};
  fleet.browsers = {MakeBrowser("r1", orchestrator::v1::BROWSER_STATE_READY, 70),
                    MakeBrowser("r2", orchestrator::v1::BROWSER_STATE_READY, 5),
                    MakeBrowser("s1", orchestrator::v1::BROWSER_STATE_STANDBY, 1),
                    MakeBrowser("f1", orchestrator::v1::BROWSER_STATE_FAILED, 1)};
  fleet.browsers[2].set_standby_level(orchestrator::v1::STANDBY_LEVEL_DISK);
  EXPECT_THAT(Texts(TopPage(fleet, "t", kNow, std::nullopt)),
              ElementsAre(HasSubstr("4 browsers: 1 FAILED, 2 READY, 1 STANDBY (DISK); 2048 MiB"),
                          "", StartsWith("SESSION ID  STATE"), StartsWith("f1 "),
                          "r2          READY           5s     chromium  -     512 MiB",
                          StartsWith("r1 "), StartsWith("s1 ")));
}

TEST(TopPageTest, NamesABrowsersPool) {
  Fleet::View fleet;
  fleet.pools = {MakePool("ready")};
  fleet.browsers = {MakeBrowser("r1", orchestrator::v1::BROWSER_STATE_READY, 1)};
  fleet.browsers[0].set_pool_id("id-of-ready");
  EXPECT_THAT(Texts(TopPage(fleet, "t", kNow, std::nullopt)).back(), HasSubstr(" ready "));
}

TEST(TopPageTest, SaysThatItIsOutOfDate) {
  Fleet::View fleet;
  fleet.trouble = absl::UnavailableError("no\nway");
  EXPECT_EQ(Texts(TopPage(fleet, "t", kNow, std::nullopt))[1], "out of date: no\\nway");
}

TEST(TopPageTest, FitsTheScreenAndCountsWhatItLeavesOut) {
  Fleet::View fleet;
  for (int i = 0; i < 20; ++i) {
    fleet.pools.push_back(MakePool(std::string(1, static_cast<char>('a' + i))));
    fleet.browsers.push_back(MakeBrowser(std::string(1, static_cast<char>('a' + i)),
                                         orchestrator::v1::BROWSER_STATE_READY, i));
  }
  const std::vector<std::string> page = Texts(TopPage(fleet, "t", kNow, 20));
  ASSERT_EQ(page.size(), 20u);
  // The header, eight pools and the rest of them.
  EXPECT_EQ(page[11], "and 12 more");
  EXPECT_EQ(page[19], "and 15 more");
  for (size_t rows = 0; rows < 30; ++rows) {
    EXPECT_LE(TopPage(fleet, "t", kNow, rows).size(), rows);
  }
}

}  // namespace
}  // namespace orch::ctl
