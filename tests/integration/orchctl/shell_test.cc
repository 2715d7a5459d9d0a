// `orchctl shell`, `process run` and `process attach`: what they do to their own terminal.
#include <signal.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/integration/orchctl/fake_daemon.h"
#include "tests/integration/orchctl/orchctl_process.h"
#include "tests/integration/orchctl/terminal_process.h"

namespace orch::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;

class OrchctlShellTest : public ::testing::Test {
 protected:
  FakeDaemon daemon_;
};

TEST_F(OrchctlShellTest, StartsALoginShellOnATerminalOfItsSize) {
  TerminalProcess shell(daemon_.target(), {"shell", "b1", "--root"});
  EXPECT_THAT(shell.ReadUntil("\n"), EndsWith("ready 24x80\n"));
  shell.Type("x");
  EXPECT_EQ(shell.Wait(), 7);
  const guest::v1::SpawnRequest spawn = daemon_.processes().last_spawn();
  EXPECT_EQ(spawn.session_id(), "b1");
  EXPECT_EQ(spawn.spec().command(), "/bin/sh");
  EXPECT_TRUE(spawn.spec().as_root());
  EXPECT_TRUE(spawn.allocate_tty());
  EXPECT_EQ(spawn.rows(), 24u);
  EXPECT_EQ(spawn.cols(), 80u);
}

TEST_F(OrchctlShellTest, PassesEveryKeyOnAndGivesTheTerminalBack) {
  TerminalProcess shell(daemon_.target(), {"shell", "b1"});
  shell.ReadUntil("ready 24x80\n");
  EXPECT_FALSE(shell.Echoes());
  // Neither is a signal, a flow control or a line to the own terminal.
  for (const std::string key : {"\x03", "\x1a", "\x13", "\r", "\x1c"}) {
    shell.Type(key);
    EXPECT_EQ(shell.ReadUntil("]"), "[" + key + "]");
  }
  shell.Type("x");
  EXPECT_EQ(shell.Wait(), 7);
  EXPECT_TRUE(shell.Echoes());
}

TEST_F(OrchctlShellTest, PassesANewSizeOn) {
  TerminalProcess shell(daemon_.target(), {"shell", "b1"});
  shell.ReadUntil("ready 24x80\n");
  shell.Resize(50, 132);
  EXPECT_EQ(shell.ReadUntil("\n"), "size 50x132\n");
}

TEST_F(OrchctlShellTest, LeavesTheProcessAtItsKey) {
  TerminalProcess shell(daemon_.target(), {"shell", "b1"});
  shell.ReadUntil("ready 24x80\n");
  shell.Type("a\x1d");
  EXPECT_THAT(shell.ReadUntil("attach b1 p1\r\n"), HasSubstr("goes on"));
  EXPECT_EQ(shell.Wait(), 0);
  EXPECT_TRUE(shell.Echoes());
  EXPECT_THAT(daemon_.processes().signals(), ElementsAre());
}

TEST_F(OrchctlShellTest, HangsTheProcessUpWhenItsTerminalCloses) {
  TerminalProcess shell(daemon_.target(), {"shell", "b1"});
  shell.ReadUntil("ready 24x80\n");
  ::kill(shell.pid(), SIGHUP);
  EXPECT_EQ(shell.Wait(), -SIGHUP);
  EXPECT_TRUE(shell.Echoes());
  EXPECT_THAT(daemon_.processes().signals(), ElementsAre("HUP"));
}

TEST_F(OrchctlShellTest, TypesWhatComesFromAPipe) {
  const auto result = RunOrchctl(daemon_.target(), {"shell", "b1"}, "abc");
  EXPECT_EQ(result.out, "ready 0x0\n[abc][\x04]");
  EXPECT_EQ(result.exit_status, 0) << result.err;
}

TEST_F(OrchctlShellTest, RunTakesACommandAndItsTerminalsKind) {
  TerminalProcess run(daemon_.target(), {"process", "run", "b1", "-e", "TERM=vt100", "--", "top"});
  run.ReadUntil("ready 24x80\n");
  run.Type("x");
  EXPECT_EQ(run.Wait(), 7);
  const guest::v1::SpawnRequest spawn = daemon_.processes().last_spawn();
  EXPECT_EQ(spawn.spec().command(), "top");
  EXPECT_EQ(spawn.spec().env().at("TERM"), "vt100");
}

TEST_F(OrchctlShellTest, AttachJoinsAProcessThatWasSpawned) {
  const auto spawned =
      RunOrchctl(daemon_.target(), {"process", "spawn", "b1", "--tty", "--", "terminal"});
  EXPECT_EQ(spawned.out, "p1\n");
  EXPECT_TRUE(daemon_.processes().last_spawn().allocate_tty());
  TerminalProcess attached(daemon_.target(), {"process", "attach", "b1", "p1"});
  attached.ReadUntil("ready 24x80\n");
  ::kill(attached.pid(), SIGTERM);
  EXPECT_EQ(attached.Wait(), -SIGTERM);
  // It was here before.
  EXPECT_THAT(daemon_.processes().signals(), ElementsAre());
}

TEST_F(OrchctlShellTest, SaysWhatItCannotJoin) {
  RunOrchctl(daemon_.target(), {"process", "spawn", "b1", "--", "cat"});
  const auto plain = RunOrchctl(daemon_.target(), {"process", "attach", "b1", "p1"});
  EXPECT_EQ(plain.exit_status, 125);
  EXPECT_THAT(plain.err, HasSubstr("no terminal"));
  EXPECT_EQ(RunOrchctl(daemon_.target(), {"process", "attach", "b1", "p9"}).exit_status, 125);
  EXPECT_EQ(RunOrchctl(daemon_.target(), {"shell", "b1", "-o", "json"}).exit_status, 2);
  EXPECT_EQ(RunOrchctl(daemon_.target(), {"process", "run", "b1"}).exit_status, 2);
}

}  // namespace
}  // namespace orch::testing
