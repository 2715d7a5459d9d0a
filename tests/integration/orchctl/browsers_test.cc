#include <fstream>
#include <sstream>

#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/integration/orchctl/fake_daemon.h"
#include "tests/integration/orchctl/orchctl_process.h"

namespace orch::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::string Contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream contents;
  contents << file.rdbuf();
  return contents.str();
}

class OrchctlBrowsersTest : public ::testing::Test {
 protected:
  OrchctlProcess::Result Run(const std::vector<std::string>& arguments) {
    return RunOrchctl(daemon_.target(), arguments);
  }

  FakeDaemon daemon_;
};

TEST_F(OrchctlBrowsersTest, NodePrintsItsFields) {
  const auto result = Run({"node"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(result.out,
              AllOf(HasSubstr("daemon           1.2.3\n"), HasSubstr("TCG (no /dev/kvm)\n")));
}

TEST_F(OrchctlBrowsersTest, NodePrints64BitNumbersAsJsonNumbers) {
  const auto result = Run({"node", "-o", "json"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("\"host_memory_mib\": 21474836480,"),
                                HasSubstr("\"accelerator\": \"ACCELERATOR_TCG\"")));
}

TEST_F(OrchctlBrowsersTest, CreateSendsWhatWasTyped) {
  const auto result = Run({"browsers", "create", "--image", "chromium", "--memory", "512",
                           "--vcpus", "2", "--viewport", "1280x720", "--kiosk", "--no-wait",
                           "--timeout", "2m", "--standby-after", "0s"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("created0"));
  const auto request = daemon_.browsers().last_create();
  EXPECT_EQ(request.spec().image(), "chromium");
  EXPECT_EQ(request.spec().memory_mib(), 512u);
  EXPECT_EQ(request.spec().vcpus(), 2u);
  EXPECT_EQ(request.spec().viewport().width(), 1280u);
  EXPECT_TRUE(request.spec().kiosk_mode());
  EXPECT_FALSE(request.spec().headless());
  EXPECT_EQ(request.spec().timeout_seconds(), 120u);
  EXPECT_TRUE(request.spec().has_standby_after());
  EXPECT_EQ(request.spec().standby_after().seconds(), 0);
  EXPECT_FALSE(request.wait());
}

TEST_F(OrchctlBrowsersTest, CreateReportsFailureOnOneHarmlessLine) {
  const auto result = Run({"browsers", "create", "--image", FakeBrowsers::kBrokenImage});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_EQ(result.err,
            "orchctl: browsers create: not ready in 60 s; console:\\nline\\x1b[2J "
            "(DEADLINE_EXCEEDED)\n");
}

TEST_F(OrchctlBrowsersTest, ListFollowsPages) {
  for (const char* id : {"b1", "b2", "b3", "b4", "b5"}) daemon_.browsers().Add(id);
  daemon_.browsers().SetState("b2", orchestrator::v1::BROWSER_STATE_DELETED);
  const auto quiet = Run({"browsers", "list", "-q"});
  EXPECT_EQ(quiet.out, "b1\nb3\nb4\nb5\n") << quiet.err;
  const auto table = Run({"browsers", "list"});
  EXPECT_THAT(table.out, StartsWith("SESSION ID  STATE  IMAGE"));
}

TEST_F(OrchctlBrowsersTest, ListFiltersByState) {
  daemon_.browsers().Add("b1");
  daemon_.browsers().Add("b2");
  daemon_.browsers().SetState("b2", orchestrator::v1::BROWSER_STATE_DELETED);
  EXPECT_EQ(Run({"browsers", "list", "--all", "-q"}).out, "b1\nb2\n");
  EXPECT_EQ(Run({"browsers", "list", "--state", "DELETED", "-q"}).out, "b2\n");
  EXPECT_EQ(Run({"browsers", "list", "--state", "deleted", "-q"}).out, "b2\n");
}

TEST_F(OrchctlBrowsersTest, GetReportsAnUnknownBrowser) {
  const auto result = Run({"browsers", "get", "b1"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(result.err, "orchctl: browsers get: no browser b1 (NOT_FOUND)\n");
}

TEST_F(OrchctlBrowsersTest, DeleteGoesOnAfterAFailure) {
  daemon_.browsers().Add("b1");
  daemon_.browsers().Add("b3");
  const auto result = Run({"browsers", "delete", "b1", "b2", "b3"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_EQ(result.err, "orchctl: browsers delete: b2: no browser b2 (NOT_FOUND)\n");
  EXPECT_EQ(Run({"browsers", "list", "-q"}).out, "");
}

TEST_F(OrchctlBrowsersTest, WatchPrintsChangesUntilTheBrowserEnds) {
  daemon_.browsers().Add("b1");
  daemon_.browsers().Add("b2");
  OrchctlProcess watch(daemon_.target(), {"browsers", "watch", "b1", "-o", "json"});
  EXPECT_THAT(watch.ReadLine(), AllOf(HasSubstr("\"b1\""), HasSubstr("READY")));
  daemon_.browsers().SetState("b2", orchestrator::v1::BROWSER_STATE_DELETING);
  daemon_.browsers().SetState("b1", orchestrator::v1::BROWSER_STATE_FAILED, "broke\n");
  const auto result = watch.Finish();
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("FAILED"), Not(HasSubstr("b2"))));
}

TEST_F(OrchctlBrowsersTest, WatchFailsWhenTheStreamBreaks) {
  daemon_.browsers().Add("b1");
  OrchctlProcess watch(daemon_.target(), {"browsers", "watch"});
  EXPECT_THAT(watch.ReadLine(), HasSubstr("READY"));
  daemon_.browsers().Stop();
  const auto result = watch.Finish();
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.err, HasSubstr("the daemon stops (UNAVAILABLE)\n"));
}

TEST_F(OrchctlBrowsersTest, ScreenshotIsSavedToAFile) {
  const std::string file = daemon_.dir().File("shot.png");
  const auto result = Run({"computer", "screenshot", "b1", "-O", file, "--region", "5,6,70,80"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("shot.png: 800x600, "));
  const std::string contents = Contents(file);
  EXPECT_GT(contents.size(), 2u << 20);
  EXPECT_THAT(contents.substr(2 << 20), "region 5 70");
}

TEST_F(OrchctlBrowsersTest, ScreenshotToStandardOutputIsNothingButTheFile) {
  const auto result = Run({"computer", "screenshot", "b1", "-O", "-"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_EQ(result.out.size(), (2u << 20) + std::string("region 0 0").size());
}

TEST_F(OrchctlBrowsersTest, ScreenshotDoesNotReplaceADevice) {
  const auto result = Run({"computer", "screenshot", "b1", "-O", "/dev/stderr"});
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_EQ(result.err.size(), (2u << 20) + std::string("region 0 0").size());
}

TEST_F(OrchctlBrowsersTest, WrongUsageExitsWithTwo) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{},
                                             {"browsers"},
                                             {"nothing"},
                                             {"browsers", "get"},
                                             {"browsers", "get", "no/id"},
                                             {"browsers", "create", "--viewport", "1x1"},
                                             {"browsers", "create", "--headless", "--kiosk"},
                                             {"browsers", "list", "--state", "SLEEPING"},
                                             {"node", "--", "more"},
                                             {"node", "-o", "yaml"},
                                             {"node", "-t", "nowhere"},
                                             {"process", "exec", "b1"},
                                             {"process", "exec", "b1", "ls"},
                                             {"process", "exec", "b1", "-o", "json", "--", "ls"},
                                             {"forward", "b1", "70000"}}) {
    const auto result = Run(arguments);
    EXPECT_EQ(result.exit_status, 2) << ::testing::PrintToString(arguments) << result.err;
    EXPECT_EQ(result.out, "");
    EXPECT_THAT(result.err, StartsWith("orchctl: "));
  }
}

TEST_F(OrchctlBrowsersTest, HelpIsPrintedForEveryCommand) {
  const auto result = Run({"browsers", "create", "--help"});
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_THAT(result.out, AllOf(HasSubstr("Examples:"), HasSubstr("--viewport")));
  EXPECT_EQ(Run({"--version"}).exit_status, 0);
}

TEST(OrchctlTest, SaysWhatToDoWhenNoDaemonAnswers) {
  TempDir dir;
  const auto result = RunOrchctl("unix:" + dir.File("nothing"), {"node"});
  EXPECT_EQ(result.exit_status, 1);
  const std::vector<std::string> lines = absl::StrSplit(result.err, '\n');
  EXPECT_THAT(lines, ElementsAre(AllOf(StartsWith("orchctl: node: "), HasSubstr("(UNAVAILABLE)")),
                                 HasSubstr("is the daemon running? ./scripts/serve"), ""));
}

}  // namespace
}  // namespace orch::testing
