// `orchctl top`.
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/integration/orchctl/fake_daemon.h"
#include "tests/integration/orchctl/orchctl_process.h"
#include "tests/integration/orchctl/terminal_process.h"

namespace orch::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kEnter[] = "\x1b[?1049h";
constexpr char kLeave[] = "\x1b[?1049l";

class OrchctlTopTest : public ::testing::Test {
 protected:
  OrchctlTopTest() {
    daemon_.browsers().Add("b1");
    daemon_.pools().Add("ready");
  }

  FakeDaemon daemon_;
};

TEST_F(OrchctlTopTest, PrintsOneSnapshotWhereNoTerminalIs) {
  daemon_.pools().SetAvailable("ready", 7);
  const auto result = RunOrchctl(daemon_.target(), {"top"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("1 browser: 1 READY"), HasSubstr("ready  4     7 "),
                                HasSubstr("b1"), Not(HasSubstr("\x1b"))));
}

TEST_F(OrchctlTopTest, ShowsChangesAsTheyHappen) {
  TerminalProcess top(daemon_.target(), {"top"});
  EXPECT_THAT(top.ReadUntil("1 READY"), HasSubstr(kEnter));
  daemon_.browsers().SetState("b1", orchestrator::v1::BROWSER_STATE_ACQUIRED);
  EXPECT_THAT(top.ReadUntil("1 ACQUIRED"), HasSubstr("1 ACQUIRED"));
  daemon_.pools().SetAvailable("ready", 7);
  EXPECT_THAT(top.ReadUntil("ready  4     7 "), HasSubstr("ready  4     7 "));
}

TEST_F(OrchctlTopTest, CtrlCEndsItAndRestoresTheTerminal) {
  TerminalProcess top(daemon_.target(), {"top"});
  top.ReadUntil("b1");
  EXPECT_FALSE(top.Echoes());
  top.Type("\x03");
  EXPECT_THAT(top.ReadUntil(kLeave), HasSubstr("\x1b[?25h"));
  EXPECT_EQ(top.Wait(), 0);
  EXPECT_TRUE(top.Echoes());
}

TEST_F(OrchctlTopTest, QEndsIt) {
  TerminalProcess top(daemon_.target(), {"top"});
  top.ReadUntil("b1");
  top.Type("q");
  EXPECT_EQ(top.Wait(), 0);
  EXPECT_TRUE(top.Echoes());
}

TEST_F(OrchctlTopTest, FollowsTheTerminalsSize) {
  TerminalProcess top(daemon_.target(), {"top"});
  top.ReadUntil("b1");
  top.Resize(40, 12);
  // The headers fit no more.
  EXPECT_THAT(top.ReadUntil("SESSION ID  \x1b[0m"), HasSubstr("SESSION ID  \x1b[0m"));
}

TEST_F(OrchctlTopTest, SaysWhenItIsOutOfDateAndGoesOn) {
  TerminalProcess top(daemon_.target(), {"top"});
  top.ReadUntil("b1");
  daemon_.browsers().Stop();
  EXPECT_THAT(top.ReadUntil("out of date: the daemon stops"), HasSubstr("out of date"));
  top.Type("\x03");
  EXPECT_EQ(top.Wait(), 0);
}

TEST_F(OrchctlTopTest, HasNoJson) {
  EXPECT_EQ(RunOrchctl(daemon_.target(), {"top", "-o", "json"}).exit_status, 2);
}

TEST(OrchctlTopWithoutDaemonTest, FailsAndLeavesTheTerminalAsItWas) {
  TempDir dir;
  TerminalProcess top("unix:" + dir.File("nothing"), {"top"});
  EXPECT_THAT(top.ReadUntil("is the daemon running?"), HasSubstr(kLeave));
  EXPECT_EQ(top.Wait(), 1);
  EXPECT_TRUE(top.Echoes());
}

}  // namespace
}  // namespace orch::testing
