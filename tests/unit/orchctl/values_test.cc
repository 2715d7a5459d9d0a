#include "orchestrator/orchctl/parse/values.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/orchctl/connection.h"
#include "tests/support/status_matchers.h"

namespace orch::ctl {
namespace {

using ::orch::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

constexpr absl::StatusCode kInvalid = absl::StatusCode::kInvalidArgument;

TEST(ParseViewportTest, TakesSizesWithinTheLimits) {
  ORCH_ASSERT_OK_AND_ASSIGN(const auto viewport, ParseViewport("320x4320"));
  EXPECT_EQ(viewport.width(), 320u);
  EXPECT_EQ(viewport.height(), 4320u);
}

TEST(ParseViewportTest, RefusesTheRest) {
  for (const char* text : {"", "x", "640", "640x", "319x480", "7681x480", "640x239", "640x4321",
                           "640x480x1", " 640x480", "+640x480", "99999999999x480"}) {
    EXPECT_THAT(ParseViewport(text), StatusIs(kInvalid, HasSubstr("1920x1080"))) << text;
  }
}

TEST(ParseRegionTest, TakesFourNumbers) {
  ORCH_ASSERT_OK_AND_ASSIGN(const auto region, ParseRegion("1,2,3,4"));
  EXPECT_EQ(region.x(), 1u);
  EXPECT_EQ(region.y(), 2u);
  EXPECT_EQ(region.width(), 3u);
  EXPECT_EQ(region.height(), 4u);
}

TEST(ParseRegionTest, RefusesTheRest) {
  for (const char* text : {"", "1,2,3", "1,2,0,4", "1,2,3,0", "-1,2,3,4", "1,2,3,4,5", "a,b,c,d"}) {
    EXPECT_THAT(ParseRegion(text), StatusIs(kInvalid)) << text;
  }
}

TEST(ParseEnvironmentTest, SplitsAtTheFirstEqualsSign) {
  ORCH_ASSERT_OK_AND_ASSIGN(const auto environment,
                            ParseEnvironment({"A=1", "B=x=y", "C=", "A=2"}));
  EXPECT_THAT(environment, ElementsAre(Pair("A", "2"), Pair("B", "x=y"), Pair("C", "")));
}

TEST(ParseEnvironmentTest, RefusesNamelessVariables) {
  EXPECT_THAT(ParseEnvironment({"A"}), StatusIs(kInvalid, HasSubstr("\"A\"")));
  EXPECT_THAT(ParseEnvironment({"=1"}), StatusIs(kInvalid));
}

TEST(ParsePortForwardTest, TakesEachForm) {
  ORCH_ASSERT_OK_AND_ASSIGN(const PortForward same, ParsePortForward("9222"));
  EXPECT_EQ(same.local, 9222);
  EXPECT_EQ(same.remote, 9222);
  ORCH_ASSERT_OK_AND_ASSIGN(const PortForward both, ParsePortForward("8080:80"));
  EXPECT_EQ(both.local, 8080);
  EXPECT_EQ(both.remote, 80);
  ORCH_ASSERT_OK_AND_ASSIGN(const PortForward any, ParsePortForward(":80"));
  EXPECT_EQ(any.local, 0);
  ORCH_ASSERT_OK_AND_ASSIGN(const PortForward zero, ParsePortForward("0:80"));
  EXPECT_EQ(zero.local, 0);
}

TEST(ParsePortForwardTest, RefusesTheRest) {
  for (const char* text :
       {"", ":", "0", "80:", "80:0", "1:2:3", "65536", "80:65536", "a:80", "-1:80"}) {
    EXPECT_THAT(ParsePortForward(text), StatusIs(kInvalid)) << text;
  }
}

TEST(ParseTimeoutTest, TakesPositiveFiniteDurations) {
  EXPECT_EQ(*ParseTimeout("1m30s"), absl::Seconds(90));
  for (const char* text : {"", "30", "0s", "-1s", "inf", "fast"}) {
    EXPECT_THAT(ParseTimeout(text), StatusIs(kInvalid)) << text;
  }
}

TEST(ParseWaitTest, TakesFiniteDurationsFromZero) {
  EXPECT_EQ(*ParseWait("0s"), absl::ZeroDuration());
  EXPECT_EQ(*ParseWait("1m30s"), absl::Seconds(90));
  for (const char* text : {"", "30", "-1s", "inf", "fast"}) {
    EXPECT_THAT(ParseWait(text), StatusIs(kInvalid)) << text;
  }
}

TEST(ParseStandbyAfterTest, TakesDurationsAndNever) {
  EXPECT_TRUE(ParseStandbyAfter("never")->never);
  EXPECT_EQ(ParseStandbyAfter("5s")->after, absl::Seconds(5));
  EXPECT_FALSE(ParseStandbyAfter("0s")->never);
  for (const char* text : {"", "Never", "inf", "5"}) {
    EXPECT_THAT(ParseStandbyAfter(text), StatusIs(kInvalid)) << text;
  }
}

TEST(ParseSecondsTest, TakesWholeSeconds) {
  EXPECT_EQ(*ParseSeconds("10m"), 600u);
  for (const char* text : {"", "0s", "1500ms", "10", "inf", "1000000000h"}) {
    EXPECT_THAT(ParseSeconds(text), StatusIs(kInvalid)) << text;
  }
}

TEST(CheckPoolNameTest, TakesWhatCouldNameAPool) {
  ORCH_EXPECT_OK(CheckPoolName("a.B_c-1"));
  ORCH_EXPECT_OK(CheckPoolName(std::string(255, 'a')));
  for (const std::string& text :
       {std::string(), std::string("a b"), std::string("a/b"), std::string(256, 'a')}) {
    EXPECT_THAT(CheckPoolName(text), StatusIs(kInvalid)) << text;
  }
}

TEST(CheckIdTest, TakesWhatCouldBeAnId) {
  ORCH_EXPECT_OK(CheckId("k3j9x2"));
  ORCH_EXPECT_OK(CheckId("0b5e2d9c-5d7e-4a55-9d1f-0f1e2d3c4b5a"));
  EXPECT_THAT(CheckId(""), StatusIs(kInvalid));
  EXPECT_THAT(CheckId("a b"), StatusIs(kInvalid));
  EXPECT_THAT(CheckId("../x"), StatusIs(kInvalid));
  EXPECT_THAT(CheckId(std::string(65, 'a')), StatusIs(kInvalid));
}

TEST(NormalizeTargetTest, TakesAddressesAndSockets) {
  EXPECT_EQ(*NormalizeTarget("127.0.0.1:7070"), "127.0.0.1:7070");
  EXPECT_EQ(*NormalizeTarget("[::1]:7070"), "[::1]:7070");
  EXPECT_EQ(*NormalizeTarget("unix:/run/x"), "unix:/run/x");
  EXPECT_EQ(*NormalizeTarget("/run/x"), "unix:/run/x");
  for (const char* text : {"", "host", "host:", ":7070", "host:0", "host:70000", "unix:"}) {
    EXPECT_THAT(NormalizeTarget(text), StatusIs(kInvalid)) << text;
  }
}

}  // namespace
}  // namespace orch::ctl
