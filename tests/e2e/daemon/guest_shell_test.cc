// `orchctl shell` in a real guest, through a real daemon, with the minimal image.
#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/e2e/daemon/daemon_process.h"
#include "tests/integration/orchctl/terminal_process.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace orch::testing {
namespace {

using ::testing::HasSubstr;

TEST(GuestShellTest, IsATerminalOfTheGuest) {
  const TempDir dir;
  ORCH_ASSERT_OK_AND_ASSIGN(auto daemon, DaemonProcess::Start(dir.File("s")));
  ORCH_ASSERT_OK_AND_ASSIGN(const auto browser, daemon->Create("minimal", true));
  TerminalProcess shell(daemon->target(), {"shell", browser.session_id()});
  // The prompt.
  shell.ReadUntil("$ ");
  EXPECT_FALSE(shell.Echoes());
  shell.Type("id -un; tty; stty size\r");
  const std::string shown = shell.ReadUntil("24 80\r\n");
  EXPECT_THAT(shown, HasSubstr("chromium\r\n"));
  EXPECT_THAT(shown, HasSubstr("/dev/pts/"));
  shell.Resize(50, 132);
  // The new size may come after what is typed here.
  shell.Type("until [ \"$(stty size)\" = '50 132' ]; do :; done; echo resiz''ed\r");
  EXPECT_THAT(shell.ReadUntil("resized\r\n"), HasSubstr("resized\r\n"));
  // Ctrl-C is the shell's own until the command has the terminal.
  shell.Type("sh -c 'echo has i''t; exec sleep 1000'\r");
  shell.ReadUntil("has it\r\n");
  shell.Type("\x03");
  shell.ReadUntil("$ ");
  shell.Type("exit 7\r");
  EXPECT_EQ(shell.Wait(), 7);
  EXPECT_TRUE(shell.Echoes());
}

// It asks the terminal for its size, and draws its last line there.
TEST(GuestShellTest, RunsAnEditorThatFollowsTheTerminalsSize) {
  const TempDir dir;
  ORCH_ASSERT_OK_AND_ASSIGN(auto daemon, DaemonProcess::Start(dir.File("s")));
  ORCH_ASSERT_OK_AND_ASSIGN(const auto browser, daemon->Create("minimal", true));
  TerminalProcess shell(daemon->target(), {"shell", browser.session_id()});
  shell.ReadUntil("$ ");
  shell.Type("vi /tmp/note\r");
  EXPECT_THAT(shell.ReadUntil("\x1b[24;1H"), HasSubstr("\x1b[24;1H"));
  shell.Type("iwritten before");
  shell.ReadUntil("before");
  shell.Resize(50, 132);
  EXPECT_THAT(shell.ReadUntil("\x1b[50;1H"), HasSubstr("\x1b[50;1H"));
  shell.Type(" and after\x1b");
  shell.ReadUntil("after");
  shell.Type(":wq\r");
  shell.ReadUntil("$ ");
  shell.Type("cat /tmp/note; exit\r");
  EXPECT_THAT(shell.ReadUntil("written before and after\r\n"),
              HasSubstr("written before and after\r\n"));
  EXPECT_EQ(shell.Wait(), 0);
}

}  // namespace
}  // namespace orch::testing
