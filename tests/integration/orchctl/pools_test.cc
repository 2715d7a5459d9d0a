#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/integration/orchctl/fake_daemon.h"
#include "tests/integration/orchctl/orchctl_process.h"

namespace orch::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class OrchctlPoolsTest : public ::testing::Test {
 protected:
  OrchctlProcess::Result Run(const std::vector<std::string>& arguments) {
    return RunOrchctl(daemon_.target(), arguments);
  }

  FakeDaemon daemon_;
};

TEST_F(OrchctlPoolsTest, CreateSendsWhatWasTyped) {
  const auto result =
      Run({"pools", "create", "--size", "10", "--name", "ready", "--fill-rate", "0", "--headless",
           "--memory", "512", "--timeout", "5m", "--standby-after", "1500ms"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(result.out,
              AllOf(HasSubstr("created0"), HasSubstr("ready"), HasSubstr("timeout        5m")));
  const auto spec = daemon_.pools().last_create().spec();
  EXPECT_EQ(spec.size(), 10u);
  EXPECT_EQ(spec.name(), "ready");
  EXPECT_TRUE(spec.has_fill_rate_per_minute());
  EXPECT_EQ(spec.fill_rate_per_minute(), 0u);
  EXPECT_TRUE(spec.browser().headless());
  EXPECT_EQ(spec.browser().memory_mib(), 512u);
  EXPECT_EQ(spec.browser().timeout_seconds(), 300u);
  EXPECT_EQ(spec.browser().standby_after().seconds(), 1);
  EXPECT_EQ(spec.browser().standby_after().nanos(), 500'000'000);
}

TEST_F(OrchctlPoolsTest, CreateLeavesDefaultsToTheDaemon) {
  EXPECT_EQ(Run({"pools", "create", "--size", "1", "--standby-after", "never"}).exit_status, 0);
  const auto spec = daemon_.pools().last_create().spec();
  EXPECT_FALSE(spec.has_fill_rate_per_minute());
  EXPECT_TRUE(spec.browser().standby_disabled());
  EXPECT_FALSE(spec.browser().has_standby_after());
}

TEST_F(OrchctlPoolsTest, ListFollowsPages) {
  for (const char* name : {"a", "b", "c"}) daemon_.pools().Add(name);
  daemon_.pools().Add("", "nameless");
  EXPECT_EQ(Run({"pools", "list", "-q"}).out, "a\nb\nc\nnameless\n");
  EXPECT_THAT(Run({"pools", "list"}).out,
              AllOf(StartsWith("POOL ID   NAME  SIZE  IDLE"), HasSubstr("25 %/min")));
  EXPECT_THAT(Run({"pools", "list", "-o", "json"}).out,
              AllOf(StartsWith("["), HasSubstr("\"available_count\": 0")));
}

TEST_F(OrchctlPoolsTest, GetTakesIdsAndNames) {
  daemon_.pools().Add("a.b-c_1");
  EXPECT_THAT(Run({"pools", "get", "a.b-c_1"}).out, HasSubstr("id-of-a.b-c_1"));
  EXPECT_THAT(Run({"pools", "get", "id-of-a.b-c_1", "-o", "json"}).out,
              HasSubstr("\"name\": \"a.b-c_1\""));
  const auto unknown = Run({"pools", "get", "x"});
  EXPECT_EQ(unknown.exit_status, 1);
  EXPECT_EQ(unknown.err, "orchctl: pools get: no pool x (NOT_FOUND)\n");
}

TEST_F(OrchctlPoolsTest, UpdateSendsOnlyWhatWasTyped) {
  daemon_.pools().Add("a");
  EXPECT_EQ(Run({"pools", "update", "a", "--size", "7"}).exit_status, 0);
  auto request = daemon_.pools().last_update();
  EXPECT_EQ(request.size(), 7u);
  EXPECT_FALSE(request.has_name());
  EXPECT_FALSE(request.has_fill_rate_per_minute());
  EXPECT_FALSE(request.has_browser());
  EXPECT_FALSE(request.discard_all_idle());
  EXPECT_EQ(Run({"pools", "update", "a", "--name", "b", "--fill-rate", "0", "--vcpus", "2",
                 "--discard-idle"})
                .exit_status,
            0);
  request = daemon_.pools().last_update();
  EXPECT_EQ(request.name(), "b");
  EXPECT_TRUE(request.has_fill_rate_per_minute());
  EXPECT_EQ(request.browser().vcpus(), 2u);
  EXPECT_TRUE(request.discard_all_idle());
}

TEST_F(OrchctlPoolsTest, FlushNamesThePool) {
  daemon_.pools().Add("a");
  EXPECT_EQ(Run({"pools", "flush", "a"}).exit_status, 0);
  EXPECT_EQ(daemon_.pools().last_flush(), "a");
}

TEST_F(OrchctlPoolsTest, DeleteGoesOnAfterAFailure) {
  daemon_.pools().Add("a");
  daemon_.pools().Add("b");
  EXPECT_EQ(Run({"pools", "acquire", "a"}).exit_status, 0);
  const auto result = Run({"pools", "delete", "a", "b"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_EQ(result.err, "orchctl: pools delete: a: clients hold browsers (FAILED_PRECONDITION)\n");
  EXPECT_EQ(Run({"pools", "list", "-q"}).out, "a\n");
  EXPECT_EQ(Run({"pools", "delete", "a", "--force"}).exit_status, 0);
  EXPECT_EQ(Run({"pools", "list", "-q"}).out, "");
}

TEST_F(OrchctlPoolsTest, AcquirePrintsTheBrowser) {
  daemon_.pools().Add("a");
  EXPECT_EQ(Run({"pools", "acquire", "a", "-q"}).out, "acquired1\n");
  EXPECT_FALSE(daemon_.pools().last_acquire().has_acquire_timeout());
  EXPECT_THAT(Run({"pools", "acquire", "a", "--wait", "0s"}).out,
              AllOf(HasSubstr("ACQUIRED"), HasSubstr("id-of-a")));
  EXPECT_TRUE(daemon_.pools().last_acquire().has_acquire_timeout());
  EXPECT_EQ(daemon_.pools().last_acquire().acquire_timeout().seconds(), 0);
  EXPECT_THAT(Run({"pools", "acquire", "a", "--wait", "90s", "-o", "json"}).out,
              HasSubstr("\"session_id\": \"acquired1\""));
  EXPECT_EQ(daemon_.pools().last_acquire().acquire_timeout().seconds(), 90);
}

TEST_F(OrchctlPoolsTest, AcquireReportsWhatHoldsThePoolBack) {
  daemon_.pools().Add(FakePools::kEmptyPool);
  const auto result = Run({"pools", "acquire", "empty"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(result.err, "orchctl: pools acquire: held back by fill rate (DEADLINE_EXCEEDED)\n");
}

TEST_F(OrchctlPoolsTest, ReleaseSaysWhatBecomesOfTheBrowser) {
  daemon_.pools().Add("a");
  EXPECT_EQ(Run({"pools", "release", "a", "b1"}).exit_status, 0);
  EXPECT_EQ(daemon_.pools().last_release().session_id(), "b1");
  EXPECT_EQ(daemon_.pools().last_release().reuse(), orchestrator::v1::REUSE_KEEP);
  EXPECT_EQ(Run({"pools", "release", "a", "b1", "--discard"}).exit_status, 0);
  EXPECT_EQ(daemon_.pools().last_release().reuse(), orchestrator::v1::REUSE_DISCARD);
  EXPECT_EQ(Run({"pools", "release", "a", "b1", "--reset"}).exit_status, 0);
  EXPECT_EQ(daemon_.pools().last_release().reuse(), orchestrator::v1::REUSE_RESET);
}

TEST_F(OrchctlPoolsTest, WatchPrintsChangesUntilThePoolIsDeleted) {
  daemon_.pools().Add("a");
  OrchctlProcess watch(daemon_.target(), {"pools", "watch", "a"});
  EXPECT_THAT(watch.ReadLine(), AllOf(HasSubstr("  a  "), HasSubstr("   0 idle")));
  daemon_.pools().SetAvailable("a", 3);
  EXPECT_THAT(watch.ReadLine(), HasSubstr("   3 idle"));
  EXPECT_EQ(Run({"pools", "delete", "a"}).exit_status, 0);
  const auto result = watch.Finish();
  EXPECT_EQ(result.exit_status, 0) << result.err;
}

TEST_F(OrchctlPoolsTest, WatchFailsWhenTheStreamBreaks) {
  daemon_.pools().Add("a");
  OrchctlProcess watch(daemon_.target(), {"pools", "watch", "a", "-o", "json"});
  EXPECT_THAT(watch.ReadLine(), StartsWith("{\"pool_id\":\"id-of-a\""));
  daemon_.pools().Stop();
  const auto result = watch.Finish();
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.err, HasSubstr("the daemon stops (UNAVAILABLE)\n"));
}

TEST_F(OrchctlPoolsTest, WrongUsageExitsWithTwo) {
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"pools"},
           {"pools", "create"},
           {"pools", "create", "--size", "many"},
           {"pools", "create", "--size", "1", "--name", "a/b"},
           {"pools", "create", "--size", "1", "--timeout", "1500ms"},
           {"pools", "create", "--size", "1", "--standby-after", "soon"},
           {"pools", "create", "--size", "1", "--headless", "--kiosk"},
           {"pools", "get"},
           {"pools", "get", "a b"},
           {"pools", "update", "a"},
           {"pools", "acquire", "a", "--wait", "-1s"},
           {"pools", "release", "a"},
           {"pools", "release", "a", "b1", "--reset", "--discard"}}) {
    const auto result = Run(arguments);
    EXPECT_EQ(result.exit_status, 2) << ::testing::PrintToString(arguments) << result.err;
    EXPECT_EQ(result.out, "");
    EXPECT_THAT(result.err, StartsWith("orchctl: "));
  }
}

}  // namespace
}  // namespace orch::testing
