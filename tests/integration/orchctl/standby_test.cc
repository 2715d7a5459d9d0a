// `orchctl browsers standby|resume|fork|update`.
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/integration/orchctl/fake_daemon.h"
#include "tests/integration/orchctl/orchctl_process.h"

namespace orch::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class OrchctlStandbyTest : public ::testing::Test {
 protected:
  OrchctlStandbyTest() {
    for (const char* id : {"b1", "b2"}) daemon_.browsers().Add(id);
  }

  OrchctlProcess::Result Run(const std::vector<std::string>& arguments) {
    return RunOrchctl(daemon_.target(), arguments);
  }

  FakeDaemon daemon_;
};

TEST_F(OrchctlStandbyTest, StandbyPausesUnlessToldToGoToDisk) {
  const auto paused = Run({"browsers", "standby", "b1"});
  EXPECT_EQ(paused.exit_status, 0) << paused.err;
  EXPECT_THAT(paused.out, HasSubstr("STANDBY (PAUSED)"));
  EXPECT_THAT(Run({"browsers", "standby", "--disk", "b1"}).out, HasSubstr("STANDBY (DISK)"));
  EXPECT_EQ(daemon_.browsers().last_standby().level(), orchestrator::v1::STANDBY_LEVEL_DISK);
}

TEST_F(OrchctlStandbyTest, ListShowsHowDeepABrowserSleeps) {
  Run({"browsers", "standby", "--disk", "b2"});
  EXPECT_THAT(Run({"browsers", "list"}).out, HasSubstr("b2          STANDBY (DISK)"));
}

TEST_F(OrchctlStandbyTest, StandbyAndResumeGoOnAfterAFailure) {
  const auto asleep = Run({"browsers", "standby", "b1", "none", "b2"});
  EXPECT_EQ(asleep.exit_status, 1);
  EXPECT_EQ(asleep.err, "orchctl: browsers standby: none: no browser none (NOT_FOUND)\n");
  EXPECT_EQ(Run({"browsers", "list", "--state", "STANDBY", "-q"}).out, "b1\nb2\n");
  const auto awake = Run({"browsers", "resume", "none", "b2", "-o", "json"});
  EXPECT_EQ(awake.exit_status, 1);
  EXPECT_THAT(awake.out, StartsWith("["));
  EXPECT_EQ(Run({"browsers", "list", "--state", "READY", "-q"}).out, "b2\n");
}

TEST_F(OrchctlStandbyTest, ForkPrintsTheForks) {
  EXPECT_EQ(Run({"browsers", "fork", "b1", "-n", "3", "-q"}).out, "fork0\nfork1\nfork2\n");
  EXPECT_THAT(Run({"browsers", "fork", "b1"}).out, HasSubstr("fork0"));
  EXPECT_THAT(Run({"browsers", "fork", "b1", "-o", "json"}).out, StartsWith("["));
  EXPECT_EQ(Run({"browsers", "fork", "none"}).exit_status, 1);
  EXPECT_EQ(Run({"browsers", "fork", "b1", "-n", "65"}).exit_status, 2);
  EXPECT_EQ(Run({"browsers", "fork", "b1", "-n", "0"}).exit_status, 2);
}

TEST_F(OrchctlStandbyTest, UpdateSendsWhatWasTypedAndNoMore) {
  EXPECT_EQ(Run({"browsers", "update", "b1", "--timeout", "1h"}).exit_status, 0);
  auto request = daemon_.browsers().last_update();
  EXPECT_EQ(request.session_id(), "b1");
  EXPECT_EQ(request.timeout_seconds(), 3600u);
  EXPECT_FALSE(request.has_standby_after());
  EXPECT_FALSE(request.has_standby_disabled());
  EXPECT_EQ(Run({"browsers", "update", "b1", "--standby-after", "2500ms"}).exit_status, 0);
  request = daemon_.browsers().last_update();
  EXPECT_FALSE(request.has_timeout_seconds());
  EXPECT_EQ(request.standby_after().seconds(), 2);
  EXPECT_EQ(request.standby_after().nanos(), 500'000'000);
  EXPECT_FALSE(request.standby_disabled());
}

TEST_F(OrchctlStandbyTest, UpdateCanForbidStandby) {
  EXPECT_EQ(Run({"browsers", "update", "b1", "--standby-after", "never"}).exit_status, 0);
  const auto request = daemon_.browsers().last_update();
  EXPECT_TRUE(request.standby_disabled());
  EXPECT_FALSE(request.has_standby_after());
}

TEST_F(OrchctlStandbyTest, UpdateOfNothingIsWrongUsage) {
  const auto result = Run({"browsers", "update", "b1"});
  EXPECT_EQ(result.exit_status, 2);
  EXPECT_THAT(result.err, HasSubstr("nothing to change"));
  EXPECT_EQ(Run({"browsers", "update", "b1", "--timeout", "1500ms"}).exit_status, 2);
}

}  // namespace
}  // namespace orch::testing
