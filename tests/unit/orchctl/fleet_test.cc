#include "orchestrator/orchctl/top/fleet.h"

#include "gtest/gtest.h"

namespace orch::ctl {
namespace {

using ::orchestrator::v1::Browser;

Browser InState(const std::string& id, orchestrator::v1::BrowserState state) {
  Browser browser;
  browser.set_session_id(id);
  browser.set_state(state);
  return browser;
}

TEST(FleetTest, KeepsTheLastRecordOfEachBrowser) {
  Fleet fleet;
  fleet.Put(InState("b1", orchestrator::v1::BROWSER_STATE_CREATING));
  fleet.Put(InState("b1", orchestrator::v1::BROWSER_STATE_READY));
  const Fleet::View view = fleet.ViewAt(absl::UnixEpoch());
  ASSERT_EQ(view.browsers.size(), 1u);
  EXPECT_EQ(view.browsers[0].state(), orchestrator::v1::BROWSER_STATE_READY);
  EXPECT_EQ(fleet.changes(), 2u);
}

TEST(FleetTest, DropsADeletedBrowser) {
  Fleet fleet;
  fleet.Put(InState("b1", orchestrator::v1::BROWSER_STATE_READY));
  fleet.Put(InState("b1", orchestrator::v1::BROWSER_STATE_DELETED));
  EXPECT_TRUE(fleet.ViewAt(absl::UnixEpoch()).browsers.empty());
}

TEST(FleetTest, KeepsAFailedBrowserForAWhile) {
  Fleet fleet;
  Browser failed = InState("b1", orchestrator::v1::BROWSER_STATE_FAILED);
  failed.mutable_ended_at()->set_seconds(1000);
  fleet.Put(failed);
  const absl::Time ended = absl::FromUnixSeconds(1000);
  EXPECT_EQ(fleet.ViewAt(ended + Fleet::kKeepFailed).browsers.size(), 1u);
  EXPECT_TRUE(fleet.ViewAt(ended + Fleet::kKeepFailed + absl::Seconds(1)).browsers.empty());
}

TEST(FleetTest, EitherConnectionsTroubleIsTold) {
  Fleet fleet;
  fleet.SetPoolTrouble(absl::UnavailableError("pools"));
  EXPECT_EQ(fleet.ViewAt(absl::UnixEpoch()).trouble.message(), "pools");
  fleet.SetBrowserTrouble(absl::UnavailableError("browsers"));
  EXPECT_EQ(fleet.ViewAt(absl::UnixEpoch()).trouble.message(), "browsers");
  fleet.SetBrowserTrouble(absl::OkStatus());
  fleet.SetPools({});
  EXPECT_TRUE(fleet.ViewAt(absl::UnixEpoch()).trouble.ok());
}

}  // namespace
}  // namespace orch::ctl
